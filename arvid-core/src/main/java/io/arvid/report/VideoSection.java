package io.arvid.report;

import io.arvid.record.VideoSet;
import io.arvid.record.VideoSet.Clip;
import io.arvid.report.figure.Markup;
import io.arvid.report.figure.MethodLook;
import io.arvid.report.figure.Numbers;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** The same videos by several models, playing together, each with its difference from full precision below it. */
final class VideoSection {
    private VideoSection() {}

    static Optional<Markup> draw(List<RunFolder> runs) {
        List<Markup> sets = new ArrayList<>();
        for (RunFolder run : runs) {
            for (VideoSet set : run.record().findings().videos()) {
                sets.add(drawSet(run, set));
            }
        }
        if (sets.isEmpty()) {
            return Optional.empty();
        }
        List<String> settings = settings(runs);
        return Optional.of(Sections.section(
                        "videos",
                        "The same prompt, the same noise",
                        "All videos play in step. Below each quantized video: how far each of its pixels is from full"
                                + " precision, amplified; black is no difference.")
                .with("data-settings", settings.size())
                .add(controls(settings))
                .addAll(sets));
    }

    /** Settings of the quantized clips, in order. */
    private static List<String> settings(List<RunFolder> runs) {
        return runs.stream()
                .flatMap(run -> run.record().findings().videos().stream())
                .flatMap(set -> set.clips().stream())
                .filter(clip -> clip.difference() != null)
                .map(Clip::setting)
                .distinct()
                .toList();
    }

    private static Markup controls(List<String> settings) {
        Markup controls = Markup.of("div", "controls")
                .add(Markup.of("button", "play")
                        .with("type", "button")
                        .with("aria-label", "Play or pause")
                        .say("Pause"))
                .add(Markup.of("input", "seek")
                        .with("type", "range")
                        .with("min", 0)
                        .with("max", 1)
                        .with("value", 0)
                        .with("step", "any")
                        .with("aria-label", "Position"))
                .add(Markup.text("output", "position", ""));
        if (settings.size() > 1) {
            Markup choice = Markup.of("div", "choice").with("role", "group").with("aria-label", "Bit widths");
            for (String setting : settings) {
                choice.add(Markup.of("button")
                        .with("type", "button")
                        .with("data-setting", setting)
                        .with("aria-pressed", "false")
                        .say(MethodLook.setting(setting)));
            }
            controls.add(choice);
        }
        return controls;
    }

    private static Markup drawSet(RunFolder run, VideoSet set) {
        Markup clips = Markup.of("div", "clips");
        set.clips().forEach(clip -> clips.add(drawClip(run, clip)));
        Markup article = Markup.of("article", "set")
                .with("data-fps", set.framesPerSecond())
                .with(
                        "data-chunks",
                        String.join(
                                " ",
                                set.chunkStarts().stream().map(String::valueOf).toList()))
                .add(Markup.of("h3")
                        .say("“" + set.prompt() + "” ")
                        .add(Markup.text("small", "seed", "seed " + set.seed())))
                .add(clips);
        if (set.contactSheet() != null) {
            article.add(Markup.of("details")
                    .add(Markup.of("summary").say("As a contact sheet"))
                    .add(Markup.of("div", "scroll")
                            .add(Markup.of("img")
                                    .with("alt", "Frames of all videos, a row each")
                                    .with("src", dataUri("image/png", run.bytes(set.contactSheet()))))));
        }
        return article;
    }

    private static Markup drawClip(RunFolder run, Clip clip) {
        MethodLook look = MethodLook.of(clip.method());
        Markup figure = Markup.of("figure", "clip " + look.style())
                .add(video(run, clip.file(), look.label()))
                .add(Markup.of("figcaption")
                        .add(Markup.of("b").say(look.label()))
                        .say(" ")
                        .add(Markup.of("span").say(MethodLook.setting(clip.setting()))));
        if (clip.difference() == null) {
            return figure.add(Markup.text("p", "hintbox", "To the right: how far each pixel is from this video."));
        }
        return figure.with("data-setting", clip.setting())
                .add(video(run, clip.difference(), look.label() + ", difference from full precision"))
                .add(Markup.text("p", "times", "difference × " + Numbers.tick(clip.amplification())));
    }

    private static Markup video(RunFolder run, String file, String label) {
        return Markup.of("video")
                .with("muted", "")
                .with("playsinline", "")
                .with("preload", "auto")
                .with("aria-label", label)
                .with("src", dataUri("video/mp4", run.bytes(file)));
    }

    private static String dataUri(String type, byte[] bytes) {
        return "data:" + type + ";base64," + Base64.getEncoder().encodeToString(bytes);
    }
}
