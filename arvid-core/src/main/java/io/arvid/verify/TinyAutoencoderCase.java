package io.arvid.verify;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/** {@code taehv}: encode and decode of the tiny video autoencoder. */
final class TinyAutoencoderCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        var config = new JsonMapper().convertValue(folder.json().path("config"), TinyVideoAutoencoder.Config.class);
        TinyVideoAutoencoder autoencoder = new TinyVideoAutoencoder(config, folder.weights());
        Tensor decoded = autoencoder.decode(folder.tensor("latents"));
        report.expect(folder, "decoded", decoded, folder.tolerance());
        report.expect(folder, "decoded_minus1_1", Ops.add(Ops.mul(decoded, 2), -1), folder.tolerance());
        report.expect(folder, "encoded", autoencoder.encode(folder.tensor("encode_input")), folder.tolerance());
    }
}
