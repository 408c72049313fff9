package io.arvid.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
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
