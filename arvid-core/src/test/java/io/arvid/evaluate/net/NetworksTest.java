package io.arvid.evaluate.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.evaluate.NetFixture;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every network against an independent implementation with the same random parameters: at most 1e-4 of the largest output. */
class NetworksTest {
    private static final double TOLERANCE = 1e-4;

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    private static void with(String name, Consumer<NetFixture> body) {
        try (TensorScope scope = TensorScope.open()) {
            NetFixture fixture = NetFixture.load(name);
            Torch.withoutGradients(() -> {
                body.accept(fixture);
                return fixture;
            });
        }
    }

    @Test
    void dinoAgreesForSquareWideTallAndSmallImages() {
        with("dino", fixture -> {
            try (WeightMap file = fixture.weights();
                    DinoEncoder dino = new DinoEncoder(file)) {
                for (String image : List.of("square", "wide", "tall", "small")) {
                    fixture.expect(image, dino.encode(signed(fixture.input(image), 1)), TOLERANCE);
                }
            }
        });
    }

    /** Columns that fill no patch are dropped, so only the positions differ. */
    @Test
    void dinoResizesThePositionsOfAnImageThatIsNotQuiteSquare() {
        with("dino", fixture -> {
            try (WeightMap file = fixture.weights();
                    DinoEncoder dino = new DinoEncoder(file)) {
                Tensor square = Ops.slice(fixture.input("square"), 0, 0, 1);
                Tensor wider = Ops.cat(3, square, Ops.slice(square, 3, 0, 6));
                float[] ofWider = Tensors.toFloats(dino.encode(wider));
                float[] ofSquare = Tensors.toFloats(dino.encode(square));
                assertThat(ofWider).isNotEqualTo(ofSquare);
            }
        });
    }

    @Test
    void clipAgreesUnderTheNamesOfTheWholeModelAndOfTheTowerAlone() {
        with("clip", fixture -> {
            Tensor images = signed(fixture.input("images"), 2);
            try (WeightMap file = fixture.weights();
                    ClipImageEncoder clip = new ClipImageEncoder(file)) {
                fixture.expect("images", clip.encode(images), TOLERANCE);
                Map<String, Tensor> tower = new java.util.LinkedHashMap<>();
                file.entries().forEach((name, tensor) -> tower.put(name.substring("visual.".length()), tensor));
                try (WeightMap alone = WeightMap.of(tower);
                        ClipImageEncoder same = new ClipImageEncoder(alone)) {
                    fixture.expect("images", same.encode(images), TOLERANCE);
                }
            }
        });
    }

    @Test
    void musiqAgreesForImagesOfAnyShape() {
        with("musiq", fixture -> {
            try (WeightMap file = fixture.weights();
                    Musiq musiq = new Musiq(file)) {
                for (String image : List.of("wide", "tall", "video")) {
                    fixture.expect(image, new double[] {musiq.score(fixture.input(image))}, TOLERANCE);
                }
            }
        });
    }

    @Test
    void amtAgrees() {
        with("amt-s", fixture -> {
            try (WeightMap file = fixture.weights();
                    AmtS amt = new AmtS(file)) {
                fixture.expect("middle", amt.middle(fixture.input("first"), fixture.input("second")), TOLERANCE);
            }
        });
    }

    @Test
    void raftAgrees() {
        with("raft", fixture -> {
            try (WeightMap file = fixture.weights();
                    Raft raft = new Raft(file, 4)) {
                Tensor first = Ops.mul(fixture.input("first"), 255);
                Tensor second = Ops.mul(fixture.input("second"), 255);
                fixture.expect("flow", raft.flow(first, second), TOLERANCE);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"alex", "vgg", "squeeze"})
    void lpipsAgrees(String net) {
        with("lpips-" + net, fixture -> {
            Tensor first = signed(fixture.input("first"), 1);
            Tensor second = signed(fixture.input("second"), 1);
            try (WeightMap file = fixture.weights();
                    Lpips lpips = new Lpips(LpipsTrunk.named(net), file, file, "0.1")) {
                List<Tensor> features = lpips.features(first);
                for (int i = 0; i < features.size(); i++) {
                    fixture.expect("feature" + i, features.get(i), TOLERANCE);
                }
                fixture.expect("distance", lpips.distance(first, second), TOLERANCE);
                fixture.expect("map", lpips.spatialMap(first, second), TOLERANCE);
            }
        });
    }

    @Test
    void theAestheticHeadScoresDirections() {
        try (TensorScope scope = TensorScope.open();
                WeightMap file = WeightMap.of(Map.of(
                        "weight", Tensors.of(new float[] {10, 20}, 1, 2), "bias", Tensors.of(new float[] {1}, 1)));
                AestheticHead head = new AestheticHead(file)) {
            Tensor features = Tensors.of(new float[] {3, 4, 0, 0}, 2, 2);
            assertThat(head.scores(features)).containsExactly(1 + 0.6f * 10 + 0.8f * 20, 1);
        }
    }

    @Test
    void aMissingParameterIsNamed() {
        try (TensorScope scope = TensorScope.open();
                WeightMap file = WeightMap.of(Map.of("conv1.weight", Tensors.zeros(DTypes.F32, 8, 3, 4, 4)))) {
            assertThatThrownBy(() -> new ClipImageEncoder(file)).hasMessageContaining("class_embedding");
            assertThatThrownBy(() -> new DinoEncoder(file)).hasMessageContaining("patch_embed.proj.weight");
        }
    }

    private static Tensor signed(Tensor uniform, double range) {
        return Ops.add(Ops.mul(uniform, 2 * range), -range);
    }
}
