package io.arvid.evaluate.input;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipReaderTest {
    @TempDir
    Path folder;

    private void png(String name, int type, int level) throws IOException {
        BufferedImage image = new BufferedImage(1, 1, type);
        for (int band = 0; band < image.getRaster().getNumBands(); band++) {
            image.getRaster().setSample(0, 0, band, level);
        }
        ImageIO.write(image, "png", folder.resolve(name).toFile());
    }

    @Test
    void greyFramesHaveTheLevelsOfTheirFiles() throws IOException {
        png("0.png", BufferedImage.TYPE_3BYTE_BGR, 100);
        png("1.png", BufferedImage.TYPE_BYTE_GRAY, 100);
        png("2.png", BufferedImage.TYPE_USHORT_GRAY, 100 << 8);
        try (TensorScope scope = TensorScope.open()) {
            byte[] levels = Tensors.toBytes(ClipReader.frames(folder));
            assertThat(levels).hasSize(9).containsOnly(100);
        }
    }

    @Test
    void digitsOfOtherScriptsAreNoNumbers() {
        List<String> names = new ArrayList<>(List.of("\uff13b", "frame10", "\uff13a", "frame9"));
        names.sort(new NaturalOrder());
        assertThat(names).containsExactly("frame9", "frame10", "\uff13a", "\uff13b");
    }

    @Test
    void aPromptIsFoundByItsBeginningThatEndsWithASpace() {
        String beginning = "b".repeat(99);
        PromptList prompts = new PromptList(List.of("a", beginning + " and more"), Map.of());
        Sample sample = new Sample(beginning + " -0", Clip.NONE, Clip.NONE, null);
        Sample prompted = prompts.applyTo(List.of(sample)).getFirst();
        assertThat(prompted.prompt()).isEqualTo(beginning + " and more");
    }
}
