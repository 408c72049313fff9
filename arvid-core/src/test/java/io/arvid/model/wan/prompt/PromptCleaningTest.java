package io.arvid.model.wan.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What cleaning is for; {@code testdata/golden/prompt_cleaning*} holds it to the reference on some 300 prompts. */
class PromptCleaningTest {
    @Test
    void leavesPlainPromptsAlone() {
        for (String prompt : List.of(
                "A cat sits on the mat.",
                "Ein schöner Tag in Zürich, 20 € Eintritt",
                "色调艳丽 的 猫",
                "Съешь ещё этих мягких булок",
                "emoji 😀 stay")) {
            assertThat(PromptCleaning.clean(prompt)).isEqualTo(prompt);
        }
    }

    @Test
    void acceptsEmptyAndBlankPrompts() {
        assertThat(PromptCleaning.clean("")).isEmpty();
        assertThat(PromptCleaning.clean(" \u3000\n\t ")).isEmpty();
    }

    @Test
    void cleaningTwiceChangesNothingMore() {
        for (String prompt : List.of("“Curly”  ﬁrst", "schÃ¶n &amp; gut", "ＦＵＬＬ　ｗｉｄｔｈ，")) {
            String once = PromptCleaning.clean(prompt);
            assertThat(PromptCleaning.clean(once)).isEqualTo(once);
        }
    }

    @Test
    void replacesHalfACharacter() {
        assertThat(PromptCleaning.clean("a\ud83db")).isEqualTo("a\ufffdb");
    }

    @Test
    void repairsTextThatWasBrokenTwice() {
        assertThat(PromptCleaning.clean("sch\u00c3\u0192\u00c2\u00b6n")).isEqualTo("schön");
    }

    @Test
    void repairsALongRunOfBrokenCharactersInATextThatIsNotWhollyBroken() {
        assertThat(PromptCleaning.clean("中 " + "Ã©".repeat(20_000))).isEqualTo("中 " + "é".repeat(20_000));
    }

    @Test
    void keepsEscapesOfHtmlUntilTheEnd() {
        assertThat(TextRepair.repair("<b>&eacute;</b>\n&eacute;")).isEqualTo("<b>&eacute;</b>\n&eacute;");
        assertThat(TextRepair.repair("&eacute;\n<b>")).isEqualTo("é\n<b>");
    }

    @Test
    void namesWithoutSemicolonCountOnlyInHtml() {
        assertThat(HtmlEscapes.resolveUnambiguous("this&not that &notin; &NTILDE; &nTILDE;"))
                .isEqualTo("this&not that ∉ Ñ &nTILDE;");
        assertThat(HtmlEscapes.resolve("this&not that &notit; &unknown;")).isEqualTo("this¬ that ¬it; &unknown;");
    }

    @Test
    void numbersThatHtmlForbidsMeanWhatBrowsersMakeOfThem() {
        assertThat(HtmlEscapes.resolve("&#128;&#x92;&#0;&#xd800;&#99999999999999;&#7;x&#10;&#38"))
                .isEqualTo("€’\ufffd\ufffd\ufffdx\n&");
    }

    @Test
    void everyEncodingTakesItsBytesBack() {
        for (ByteEncoding encoding : ByteEncoding.values()) {
            String characters = encoding.range(0x80, 0xff);
            assertThat(encoding.canEncode(characters)).as(encoding.name()).isTrue();
            assertThat(encoding.encode(characters))
                    .as(encoding.name())
                    .hasSameSizeAs(characters)
                    .doesNotContain("\u001a");
        }
    }
}
