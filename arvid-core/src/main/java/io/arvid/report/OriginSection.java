package io.arvid.report;

import io.arvid.record.MachineStamp;
import io.arvid.record.RunRecord;
import io.arvid.report.figure.Markup;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Where the numbers come from: enough to repeat each run. */
final class OriginSection {
    private OriginSection() {}

    static Markup draw(List<RunFolder> runs) {
        Markup section = Sections.section(
                "origin",
                "Where these numbers come from",
                "Enough to repeat every run: the same inputs give the same numbers.");
        for (RunFolder run : runs) {
            Markup list = Markup.of("dl");
            facts(run.record())
                    .forEach((name, fact) -> list.add(Markup.of("div")
                            .add(Markup.of("dt").say(name))
                            .add(Markup.of("dd").say(fact))));
            section.add(list);
        }
        return section;
    }

    private static Map<String, String> facts(RunRecord run) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Command", run.command());
        facts.put("Began", run.began());
        facts.put("Commit", run.source().commit() + (run.source().changed() ? ", with changes" : ""));
        if (!run.modelHash().isEmpty()) {
            facts.put("Model", run.model() + ", sha256 " + run.modelHash());
        }
        run.recipes().forEach(recipe -> facts.put("Recipe " + recipe.name(), "sha256 " + recipe.hash()));
        List<String> seeds = new ArrayList<>();
        new TreeMap<>(run.seeds()).forEach((use, seed) -> seeds.add(use + " " + seed));
        if (!seeds.isEmpty()) {
            facts.put("Seeds", String.join(", ", seeds));
        }
        MachineStamp machine = run.machine();
        facts.put("Versions", machine.versionsInWords());
        facts.put("Machine", machine.inWords());
        facts.put("Instructions", String.join(", ", machine.cpuFeatures()));
        return facts;
    }
}
