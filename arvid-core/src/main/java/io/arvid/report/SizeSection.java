package io.arvid.report;

import io.arvid.record.Findings;
import io.arvid.record.ModelSize;
import io.arvid.report.figure.Markup;
import io.arvid.report.figure.MethodLook;
import io.arvid.report.figure.Numbers;
import java.util.List;
import java.util.Optional;

/** What each model takes on disk. */
final class SizeSection {
    private SizeSection() {}

    static Optional<Markup> draw(Findings found) {
        if (found.sizes().isEmpty()) {
            return Optional.empty();
        }
        double largest =
                found.sizes().stream().mapToLong(ModelSize::bytes).max().orElseThrow();
        List<List<Markup>> rows = found.sizes().stream()
                .map(size -> List.of(
                        Sections.name(MethodLook.of(size.method()).label()),
                        Sections.cell(MethodLook.setting(size.setting())),
                        Sections.bar(MethodLook.of(size.method()).style(), size.bytes() / largest),
                        Sections.number(Numbers.bytes(size.bytes())),
                        Sections.number(Numbers.significant(size.bitsPerParameter(), 3))))
                .toList();
        return Optional.of(Sections.section(
                        "size",
                        "Size on disk",
                        "All files of the transformer: integers, scales, zero points and what stays in full precision.")
                .add(Sections.table(List.of("Model", "Setting", "", "Size", "Bits per parameter"), rows)));
    }
}
