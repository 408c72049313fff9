package io.arvid;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.record.Progress;
import io.arvid.record.VideoSet;
import io.arvid.run.ModelFolder;
import io.arvid.run.QuantizedModel;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.video.ContactSheet;
import io.arvid.video.Frames;
import io.arvid.video.VideoEncoding;
import io.arvid.video.VideoFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The videos that a run's report shows: those of the first prompts at the middle setting, with their difference from full precision. */
record RunVideos(RunRollouts rollouts) {
    private static final double AMPLIFICATION = 4;
    private static final int SHEET_COLUMNS = 9;
    private static final int ENLARGE = 4;

    /** Writes videos and contact sheets to the run's folder. */
    List<VideoSet> write(Progress progress) {
        Pipeline.Settings settings = rollouts.settings();
        String setting = settings.settings().get(settings.settings().size() / 2);
        List<VideoSet> sets = new ArrayList<>();
        int shown = Math.min(settings.shownPrompts(), settings.prompts().size());
        try (Progress.Stage stage = progress.begin("videos", shown)) {
            for (int prompt = 0; prompt < shown; prompt++) {
                try (TensorScope scope = TensorScope.open()) {
                    sets.add(write(prompt, setting));
                }
                stage.step();
            }
        }
        return sets;
    }

    private VideoSet write(int prompt, String setting) {
        Pipeline.Settings settings = rollouts.settings();
        Tensor reference = rollouts.generator().decode(rollouts.fullPrecision(prompt));
        List<ContactSheet.Row> rows = new ArrayList<>();
        List<VideoSet.Clip> clips = new ArrayList<>();
        rows.add(new ContactSheet.Row("full precision", unit(reference)));
        clips.add(new VideoSet.Clip("full-precision", "bf16", write("p" + prompt + "-full", reference), null, 1));
        for (String method : settings.methods()) {
            Path folder = settings.packed(method, setting);
            try (ModelFolder packed = ModelFolder.open(folder);
                    QuantizedModel layers = rollouts.layers(packed)) {
                Tensor video = rollouts.generator().decode(rollouts.quantized(prompt, packed, layers));
                Tensor difference = Frames.difference(reference, video, AMPLIFICATION);
                String base = "p" + prompt + "-" + method + "-" + setting;
                clips.add(new VideoSet.Clip(
                        method, setting, write(base, video), write(base + "-diff", difference), AMPLIFICATION));
                rows.add(new ContactSheet.Row(method + " " + setting, unit(video)));
            }
        }
        String sheet = "media/p" + prompt + "-sheet.png";
        ContactSheet.write(settings.run().resolve(sheet), rows, SHEET_COLUMNS);
        return new VideoSet(
                settings.prompts().get(prompt),
                settings.seed() + prompt,
                framesPerSecond(),
                rollouts.chunks().decoded(TinyVideoAutoencoder.TIME_FACTOR).starts(),
                clips,
                sheet);
    }

    private double framesPerSecond() {
        return rollouts.model().config().video().framesPerSecond();
    }

    private String write(String name, Tensor video) {
        String file = "media/" + name + ".mp4";
        VideoFile.write(
                rollouts.settings().run().resolve(file),
                Frames.enlarge(unit(video), ENLARGE),
                framesPerSecond(),
                VideoEncoding.MP4);
        return file;
    }

    private static Tensor unit(Tensor video) {
        return DTypes.of(video) == DTypes.U8 ? Ops.div(Ops.toF32(video), 255) : video;
    }
}
