package io.arvid;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.record.Progress;
import io.arvid.record.VideoSet;
import io.arvid.tensor.TensorScope;
import io.arvid.video.ContactSheet;
import io.arvid.video.Frames;
import io.arvid.video.VideoEncoding;
import io.arvid.video.VideoFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** The videos that a run's report shows: those of the first prompts at the middle setting, with their difference from full precision. */
final class RunVideos implements AutoCloseable {
    private static final double AMPLIFICATION = 4;
    private static final int SHEET_COLUMNS = 9;
    private static final int ENLARGE = 4;
    private static final String REFERENCE = "full-precision";

    private final RunRollouts rollouts;
    private final String setting;
    private final List<Map<String, Tensor>> videos = new ArrayList<>();

    /** None yet. */
    RunVideos(RunRollouts rollouts) {
        RunSettings settings = rollouts.settings();
        this.rollouts = rollouts;
        this.setting = settings.settings().get(settings.settings().size() / 2);
        int shown = Math.min(settings.shownPrompts(), settings.prompts().size());
        for (int prompt = 0; prompt < shown; prompt++) {
            videos.add(new HashMap<>());
        }
    }

    /** Keeps the full-precision {@code video} {@code [T, 3, H, W]} of a prompt if it is to be shown. */
    void keepReference(int prompt, Tensor video) {
        if (prompt < videos.size()) {
            videos.get(prompt).put(REFERENCE, TensorScope.own(video.clone()));
        }
    }

    /** Keeps the {@code video} of the quantized model {@code method-setting} likewise. */
    void keep(String model, int prompt, Tensor video) {
        if (prompt < videos.size() && model.endsWith("-" + setting)) {
            videos.get(prompt).put(model, TensorScope.own(video.clone()));
        }
    }

    /** Writes videos and contact sheets to the run's folder. */
    List<VideoSet> write(Progress progress) {
        List<VideoSet> sets = new ArrayList<>();
        try (Progress.Stage stage = progress.begin("videos", videos.size())) {
            for (int prompt = 0; prompt < videos.size(); prompt++) {
                try (TensorScope scope = TensorScope.open()) {
                    sets.add(write(prompt, videos.get(prompt)));
                }
                stage.step();
            }
        }
        return sets;
    }

    private VideoSet write(int prompt, Map<String, Tensor> videos) {
        RunSettings settings = rollouts.settings();
        Tensor reference = videos.get(REFERENCE);
        List<ContactSheet.Row> rows = new ArrayList<>();
        List<VideoSet.Clip> clips = new ArrayList<>();
        rows.add(new ContactSheet.Row("full precision", Frames.unit(reference)));
        clips.add(new VideoSet.Clip(REFERENCE, "bf16", write("p" + prompt + "-full", reference), null, 1));
        for (String method : settings.methods()) {
            Tensor video = videos.get(method + "-" + setting);
            Tensor difference = Frames.difference(reference, video, AMPLIFICATION);
            String base = "p" + prompt + "-" + method + "-" + setting;
            clips.add(new VideoSet.Clip(
                    method, setting, write(base, video), write(base + "-diff", difference), AMPLIFICATION));
            rows.add(new ContactSheet.Row(method + " " + setting, Frames.unit(video)));
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

    @Override
    public void close() {
        videos.forEach(clips -> clips.values().forEach(Tensor::close));
    }

    private double framesPerSecond() {
        return rollouts.model().config().video().framesPerSecond();
    }

    private String write(String name, Tensor video) {
        String file = "media/" + name + ".mp4";
        VideoFile.write(
                rollouts.settings().run().resolve(file),
                Frames.enlarge(Frames.unit(video), ENLARGE),
                framesPerSecond(),
                VideoEncoding.MP4);
        return file;
    }
}
