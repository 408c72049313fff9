package io.arvid.report.figure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.record.Estimate;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class FigureTest {
    @Test
    void numbersKeepTheirSignificantDigits() {
        assertThat(Numbers.significant(0.0123456, 3)).isEqualTo("0.0123");
        assertThat(Numbers.significant(4, 2)).isEqualTo("4.0");
        assertThat(Numbers.significant(1234.5, 3)).isEqualTo("1235");
        assertThat(Numbers.significant(-0.5, 2)).isEqualTo("−0.50");
        assertThat(Numbers.significant(3.21e-6, 2)).isEqualTo("3.2·10⁻⁶");
        assertThat(Numbers.significant(Double.NaN, 2)).isEqualTo("–");
    }

    @Test
    void ticksAreWrittenWithoutTrailingZeros() {
        assertThat(Numbers.tick(0.5)).isEqualTo("0.5");
        assertThat(Numbers.tick(20)).isEqualTo("20");
        assertThat(Numbers.tick(1e-5)).isEqualTo("1·10⁻⁵");
        assertThat(Numbers.tick(0)).isEqualTo("0");
    }

    @Test
    void sizesAndTimesHaveUnits() {
        assertThat(Numbers.bytes(999)).isEqualTo("999 bytes");
        assertThat(Numbers.bytes(3_760_000)).isEqualTo("3.76 MB");
        assertThat(Numbers.duration(4.25)).isEqualTo("4.3 s");
        assertThat(Numbers.duration(65)).isEqualTo("1 min 05 s");
        assertThat(Numbers.duration(7800)).isEqualTo("2 h 10 min");
        assertThat(Numbers.percent(0.0263)).isEqualTo("2.6 %");
        assertThat(Numbers.percent(0.5462)).isEqualTo("55 %");
    }

    @Test
    void linearTicksAreRoundAndOnTheScale() {
        Scale scale = Scale.around(DoubleStream.of(17, 36), 0, 100);
        assertThat(scale.ticks(4)).containsExactly(20.0, 25.0, 30.0, 35.0);
        assertThat(scale.of(scale.low())).isEqualTo(0);
        assertThat(scale.of(scale.high())).isEqualTo(100);
    }

    @Test
    void logarithmicTicksAreDecadesOrPartsOfThem() {
        assertThat(Scale.logarithmic(DoubleStream.of(0.001, 0.9), 0, 1).ticks(4))
                .containsExactly(0.001, 0.01, 0.1, 1.0);
        assertThat(Scale.logarithmic(DoubleStream.of(0.002, 0.03), 0, 1).ticks(3))
                .hasSizeGreaterThanOrEqualTo(2);
        Scale scale = Scale.logarithmic(DoubleStream.of(0.01, 1), 0, 100);
        assertThat(scale.of(0.1)).isCloseTo(50, within(1e-9));
    }

    @Test
    void valuesThatAreNotNumbersDoNotSpoilAScale() {
        assertThat(Scale.around(DoubleStream.of(Double.NaN, 1, 2), 0, 1).high()).isBetween(2.0, 2.2);
        assertThat(Scale.logarithmic(DoubleStream.of(0, 0), 0, 1).low()).isPositive();
    }

    @Test
    void markupEscapesTextAndAttributes() {
        assertThat(Markup.of("p").with("title", "\"a\" & b").say("<script>").toString())
                .isEqualTo("<p title=\"&quot;a&quot; &amp; b\">&lt;script&gt;</p>");
        assertThat(Markup.coordinate(-0.001)).isEqualTo("0");
        assertThat(Markup.coordinate(12.50)).isEqualTo("12.5");
        assertThat(Markup.coordinate(100)).isEqualTo("100");
    }

    @Test
    void aLineNamesEveryPointForThoseWhoPointAtIt() {
        List<Estimate> values = List.of(new Estimate(0.1, 0.05, 0.2), new Estimate(0.2, 0.1, 0.3));
        String svg = ChunkLines.draw(
                        "MSE by chunk",
                        List.of(new ChunkLines.Series(MethodLook.of("q-arvd"), values)),
                        Scale.around(DoubleStream.of(0.05, 0.3), 0, 1),
                        value -> Numbers.fixed(value, 2))
                .toString();
        assertThat(svg)
                .contains("aria-label=\"MSE by chunk\"")
                .contains("Q-ARVD, chunk 2: 0.20 [0.10, 0.30]")
                .contains(">Q-ARVD</text>");
    }

    @Test
    void methodsKeepTheirLookAndUnknownOnesTheirName() {
        assertThat(MethodLook.of("q-arvd").style()).isEqualTo("m1");
        assertThat(MethodLook.of("something-new").label()).isEqualTo("something-new");
        assertThat(MethodLook.setting("w4a8")).isEqualTo("W4A8");
        assertThat(MethodLook.setting("bf16")).isEqualTo("bf16");
    }
}
