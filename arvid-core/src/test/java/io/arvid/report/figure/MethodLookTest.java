package io.arvid.report.figure;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.record.Estimate;
import io.arvid.report.HtmlReport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MethodLookTest {
    private static final Path RECIPES = Path.of("..", "recipes");
    private static final Pattern RECIPE = Pattern.compile("(.+?)-w\\d+[ag]\\d+.*\\.json");

    /** What 'arvid compare' draws unless told otherwise, variants of it, and full precision. */
    private static final List<String> COMPARED = List.of(
            MethodLook.FULL_PRECISION,
            "minmax",
            "adaround",
            "smoothquant",
            "ptq4dit",
            "svdquant",
            "gptq",
            "rotation-sylvester",
            "vidit-q",
            "qvd",
            "q-arvd",
            "arvid",
            "arvid-static",
            "minmax-pure",
            "svdquant-rank4",
            "rotation-convrot",
            "q-arvd-code",
            "qvgen");

    /** What comparisons call the methods of the shipped recipes: the names of their files without the setting. */
    private static Set<String> shipped() throws IOException {
        TreeSet<String> methods = new TreeSet<>();
        for (Path folder : List.of(RECIPES, RECIPES.resolve("shapes"))) {
            try (Stream<Path> files = Files.list(folder)) {
                files.map(file -> RECIPE.matcher(file.getFileName().toString()))
                        .filter(Matcher::matches)
                        .forEach(matched -> methods.add(matched.group(1)));
            }
        }
        return methods;
    }

    private static String styleSheet() throws IOException {
        try (InputStream in = Objects.requireNonNull(HtmlReport.class.getResourceAsStream("report.css"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void allShippedMethodsDiffer() throws IOException {
        Set<String> shipped = shipped();
        assertThat(shipped).hasSizeGreaterThan(30).contains("q-arvd", "arvid", "gptq", "svdquant-rank4");
        assertThat(Stream.concat(Stream.of(MethodLook.FULL_PRECISION), shipped.stream())
                        .map(MethodLook::of)
                        .map(look -> look.style() + " " + look.marker()))
                .doesNotHaveDuplicates();
    }

    @Test
    void methodsThatAreUsuallyComparedDifferWithoutColorToo() {
        assertThat(COMPARED.stream()
                        .map(MethodLook::of)
                        .map(look -> look.style().replaceFirst("^m\\d+", "") + " " + look.marker()))
                .doesNotHaveDuplicates();
    }

    @Test
    void runsOfTrainingDiffer() {
        assertThat(IntStream.range(0, 48)
                        .mapToObj(place -> MethodLook.run("run " + place, place).style()))
                .doesNotHaveDuplicates();
    }

    @Test
    void theStyleSheetHasEveryColorAndDash() throws IOException {
        String sheet = styleSheet();
        TreeSet<String> used = new TreeSet<>();
        shipped().forEach(id -> used.addAll(List.of(MethodLook.of(id).style().split(" "))));
        assertThat(used).contains("m12", "d3");
        for (String style : used) {
            assertThat(sheet).contains("." + style + " {");
        }
        for (String colors : sheet.split("@media \\(prefers-color-scheme: dark\\)")) {
            List<String> values = new ArrayList<>();
            Matcher color = Pattern.compile("--m\\d+: (#[0-9a-f]{6});").matcher(colors);
            while (color.find()) {
                values.add(color.group(1));
            }
            assertThat(values).hasSize(13).doesNotHaveDuplicates();
        }
    }

    @Test
    void aFigureLeavesRoomForTheNamesOfItsMethods() {
        List<Estimate> values = List.of(new Estimate(0.1, 0.1, 0.1));
        String svg = ChunkLines.draw(
                        "MSE by chunk",
                        List.of(new ChunkLines.Series(MethodLook.of("q-arvd-code"), values)),
                        Scale.around(DoubleStream.of(0.05, 0.3), 0, 1),
                        value -> Numbers.fixed(value, 2))
                .toString();
        Matcher label = Pattern.compile("<text class=\"label [^\"]*\" x=\"([^\"]*)\"[^>]*>([^<]*)<")
                .matcher(svg);
        assertThat(label.find()).isTrue();
        assertThat(label.group(2)).isEqualTo("Q-ARVD, as its code");
        // 340 wide; no letter of these is narrower than five on average
        assertThat(Double.parseDouble(label.group(1)) + 5 * label.group(2).length())
                .isLessThan(340);
    }

    @Test
    void aFigureOfManyMethodsIsHighEnoughForTheirNames() {
        List<Estimate> values = List.of(new Estimate(0.1, 0.1, 0.1), new Estimate(0.1, 0.1, 0.1));
        String svg = ChunkLines.draw(
                        "MSE by chunk",
                        Collections.nCopies(17, new ChunkLines.Series(MethodLook.of("minmax"), values)),
                        Scale.around(DoubleStream.of(0.05, 0.3), 0, 1),
                        value -> Numbers.fixed(value, 2))
                .toString();
        Matcher label = Pattern.compile("<text class=\"label [^\"]*\" x=\"[^\"]*\" y=\"([^\"]*)\"")
                .matcher(svg);
        int labels = 0;
        while (label.find()) {
            assertThat(Double.parseDouble(label.group(1))).isPositive();
            labels++;
        }
        assertThat(labels).isEqualTo(17);
    }
}
