package io.arvid.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import org.junit.jupiter.api.Test;

class RolloutConfigTest {
    private static RolloutConfig parse(String json) throws Exception {
        return new JsonMapper().readValue(json, RolloutConfig.class);
    }

    @Test
    void absentFieldsTakeTheirDefaults() throws Exception {
        RolloutConfig config = parse("{\"denoising_step_list\":[1000,500]}");
        assertThat(config.framesPerChunk()).isEqualTo(1);
        assertThat(config.shift()).isEqualTo(5);
        assertThat(config.isGlobal()).isTrue();
        assertThat(config.firstChunkSteps()).isNull();
    }

    @Test
    void aChunkMayFillAllThatTheSinkLeaves() throws Exception {
        String filled =
                "{\"denoising_step_list\":[1000],\"num_frame_per_block\":3,\"local_attn_size\":6,\"sink_size\":3}";
        assertThat(parse(filled).sinkFrames()).isEqualTo(3);
    }

    @Test
    void noiseThatDoesNotFallIsRefused() {
        for (String steps : List.of("[250,500]", "[500,500]", "[1001,500]", "[500,-1]")) {
            String shown = steps.replace(",", ", ");
            assertThatThrownBy(() -> parse("{\"denoising_step_list\":" + steps + "}"))
                    .hasMessageContaining("denoising_step_list must fall")
                    .hasMessageContaining(shown);
            String first = "{\"denoising_step_list\":[1000],\"denoising_step_list_first_chunk\":" + steps + "}";
            assertThatThrownBy(() -> parse(first))
                    .hasMessageContaining("denoising_step_list_first_chunk must fall")
                    .hasMessageContaining(shown);
        }
        assertThatThrownBy(() -> parse("{\"denoising_step_list\":[1000],\"timestep_shift\":-3}"))
                .hasMessageContaining("timestep_shift must be positive, not -3.0");
        assertThatThrownBy(() -> parse("{\"denoising_step_list\":[1000],\"context_noise\":1200}"))
                .hasMessageContaining("context_noise must be a timestep between 0 and 1000, not 1200.0");
    }

    @Test
    void badSettingsAreRefusedByName() {
        assertThatThrownBy(() -> parse("{}")).hasMessageContaining("denoising_step_list must name at least one step");
        assertThatThrownBy(
                        () -> parse("{\"denoising_step_list\":[1000],\"num_frame_per_block\":3,\"local_attn_size\":2}"))
                .hasMessageContaining("local_attn_size 2 is smaller than a chunk of 3 frames");
        String local = "{\"denoising_step_list\":[1000],\"num_frame_per_block\":3,\"local_attn_size\":6,\"sink_size\":";
        assertThatThrownBy(() -> parse(local + "4}"))
                .hasMessageContaining("local_attn_size 6 has no room for a chunk of 3 frames beside a sink_size of 4");
    }
}
