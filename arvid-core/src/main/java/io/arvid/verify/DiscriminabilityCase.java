package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.evaluate.Direction;
import io.arvid.evaluate.DiscriminabilityScore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.StreamSupport;

/** {@code discriminability}: CV, BOA and DS of each metric of a table of methods and bit widths. */
final class DiscriminabilityCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        List<String> metrics = strings(folder.json().at("/config/metrics"));
        List<String> bitWidths = strings(folder.json().at("/config/bitwidths"));
        List<String> methods = strings(folder.json().at("/config/methods"));
        Tolerance tolerance = folder.tolerance("mean/std/cv/ds");
        JsonNode table = folder.json().path("table");
        for (int column = 0; column < metrics.size(); column++) {
            String metric = metrics.get(column);
            JsonNode expected = folder.json().path("results").path(metric);
            Direction direction = expected.path("direction").asText().equals("lower")
                    ? Direction.LOWER_IS_BETTER
                    : Direction.HIGHER_IS_BETTER;
            Map<String, List<Double>> byMethod = new LinkedHashMap<>();
            for (String method : methods) {
                List<Double> values = new ArrayList<>();
                for (String bits : bitWidths) {
                    values.add(table.path(method).path(bits).path(column).asDouble());
                }
                byMethod.put(method, values);
            }
            double fullPrecision = fullPrecision(table, methods).path(column).asDouble();
            compare(metric, expected, direction, fullPrecision, byMethod, tolerance, report);
        }
    }

    private static void compare(
            String metric,
            JsonNode expected,
            Direction direction,
            double fullPrecision,
            Map<String, List<Double>> byMethod,
            Tolerance tolerance,
            CaseReport report) {
        DiscriminabilityScore score = DiscriminabilityScore.of(direction, fullPrecision, byMethod);
        double[] quantized = byMethod.values().stream()
                .flatMap(List::stream)
                .mapToDouble(Double::doubleValue)
                .toArray();
        double[] withFullPrecision = DoubleStream.concat(DoubleStream.of(quantized), DoubleStream.of(fullPrecision))
                .toArray();
        expect(report, metric, expected, "mean", score.mean(), tolerance);
        expect(report, metric, expected, "std_population", score.deviation(), tolerance);
        expect(report, metric, expected, "cv", score.variation(), tolerance);
        expect(report, metric, expected, "boa", score.agreement(), Tolerance.EXACT);
        expect(report, metric, expected, "boa_count", score.agreeing(), Tolerance.EXACT);
        expect(report, metric, expected, "ds", score.score(), tolerance);
        expect(report, metric, expected, "cv_sample_std", DiscriminabilityScore.sampleVariation(quantized), tolerance);
        expect(
                report,
                metric,
                expected,
                "cv_population_including_bf16",
                DiscriminabilityScore.variation(withFullPrecision),
                tolerance);
        score.agrees()
                .forEach((method, agrees) -> report.expectTrue(
                        metric + " agrees for " + method,
                        agrees == expected.path("agrees").path(method).asBoolean()));
    }

    /** The row of the table that belongs to no method. */
    private static JsonNode fullPrecision(JsonNode table, List<String> methods) {
        return table.properties().stream()
                .filter(row -> !methods.contains(row.getKey()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the table has no full-precision row"))
                .getValue()
                .elements()
                .next();
    }

    private static void expect(
            CaseReport report, String metric, JsonNode expected, String field, double actual, Tolerance tolerance) {
        report.expect(metric + " " + field, actual, expected.path(field).asDouble(), tolerance);
    }

    private static List<String> strings(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }
}
