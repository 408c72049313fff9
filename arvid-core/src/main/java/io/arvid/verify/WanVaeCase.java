package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.vae.LatentStatistics;
import io.arvid.model.wan.vae.WanVae;
import io.arvid.model.wan.vae.WanVaeConfig;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** {@code wan_vae}: encoding, decoding, decoding in pieces, and what the layers put out on the way. */
final class WanVaeCase implements GoldenCase {
    /** {@code enc_down5_call1}: output 1 of layer 5 of the encoder's downsamples. */
    private static final Pattern CALL = Pattern.compile("((?:enc|dec)_[a-z]+\\d*)_call(\\d+)");

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        WanVaeConfig config = new JsonMapper().convertValue(folder.json().path("config"), WanVaeConfig.class);
        WanVae vae = new WanVae(config, statistics(folder), folder.weights());
        Tolerance tolerance = folder.tolerance();
        Map<String, List<Tensor>> outputs = new TreeMap<>();

        Tensor pixels = folder.tensor("pixels").permute(0, 2, 1, 3, 4);
        report.expect(
                folder,
                "encoder_moments",
                vae.moments(pixels, (layer, output) -> collect(outputs, layer, output)),
                tolerance);
        report.expect(folder, "latent", vae.encode(pixels), tolerance);

        Tensor latent = folder.tensor("latent");
        report.expect(folder, "decoded", vae.decode(latent), tolerance);
        try (WanVae.Decoding stream = vae.startDecoding((layer, output) -> collect(outputs, layer, output))) {
            Tensor unclamped = stream.decodeUnclamped(latent).permute(0, 2, 1, 3, 4);
            report.expect(folder, "decoded_unclamped", unclamped, tolerance);
        }
        expectLayers(folder, report, outputs);
        expectStream(folder, report, vae);
        outputs.values().forEach(calls -> calls.forEach(Tensor::close));
    }

    private static LatentStatistics statistics(CaseFolder folder) {
        return new LatentStatistics(
                Arrays.stream(Tensors.toDoubles(folder.tensor("mean"))).boxed().toList(),
                Arrays.stream(Tensors.toDoubles(folder.tensor("std"))).boxed().toList());
    }

    private static void collect(Map<String, List<Tensor>> outputs, String layer, Tensor output) {
        outputs.computeIfAbsent(layer, name -> new ArrayList<>()).add(TensorScope.own(Ops.copy(output)));
    }

    /** The outputs of consecutive calls are consecutive frames. */
    private static void expectLayers(CaseFolder folder, CaseReport report, Map<String, List<Tensor>> outputs) {
        Map<String, Long> framesSeen = new LinkedHashMap<>();
        folder.io().names().stream().sorted().forEach(name -> {
            Matcher call = CALL.matcher(name);
            if (call.matches()) {
                Tensor frames = Ops.cat(2, outputs.get(layer(call.group(1))));
                long start = framesSeen.getOrDefault(call.group(1), 0L);
                long end = start + folder.tensor(name).size(2);
                framesSeen.put(call.group(1), end);
                report.expect(folder, name, Ops.slice(frames, 2, start, end), folder.tolerance());
            }
        });
    }

    /** {@code enc_down5} is the layer {@code encoder.downsamples.5}. */
    private static String layer(String name) {
        String part = name.startsWith("enc") ? "encoder." : "decoder.";
        String rest = name.substring("enc_".length());
        return part
                + switch (rest.replaceAll("\\d+$", "")) {
                    case "down" -> "downsamples." + rest.substring("down".length());
                    case "up" -> "upsamples." + rest.substring("up".length());
                    case "attn" -> "middle.1";
                    case "middle" -> "middle.2";
                    default -> rest;
                };
    }

    private static void expectStream(CaseFolder folder, CaseReport report, WanVae vae) {
        JsonNode chunks = folder.json().path("stream_chunks");
        Tensor latents = folder.tensor("stream_latents");
        List<Tensor> pieces = new ArrayList<>();
        try (WanVae.Decoding stream = vae.startDecoding()) {
            long start = 0;
            for (int chunk = 0; chunk < chunks.size(); chunk++) {
                long end = start + chunks.get(chunk).asLong();
                Tensor piece = stream.decode(Ops.slice(latents, 1, start, end));
                report.expect(folder, "stream_chunk" + chunk + "_pixels", piece, folder.tolerance());
                pieces.add(piece);
                start = end;
            }
        }
        Tolerance equal =
                Tolerance.absolute(folder.json().path("streaming_equals_full").asDouble());
        report.expect("streaming equals whole decode", Ops.cat(1, pieces), vae.decode(latents), equal);
    }
}
