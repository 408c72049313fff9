package io.arvid.verify;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.RelativePositionBias;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.UmtTextEncoder;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/** {@code umt5_encoder}: text states, the residual stream after every block, position biases and their buckets. */
final class UmtEncoderCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        UmtConfig config = new JsonMapper().convertValue(folder.json().path("config"), UmtConfig.class);
        UmtTextEncoder encoder = new UmtTextEncoder(config, folder.weights());
        Tensor ids = folder.tensor("ids");
        Tensor mask = folder.tensor("mask");
        Tolerance tolerance = folder.tolerance();

        Tensor offsets = folder.tensor("rel_pos");
        int buckets = config.numBuckets();
        report.expect(
                folder, "bucket_bidirectional", RelativePositionBias.bucket(offsets, buckets, true), Tolerance.EXACT);
        report.expect(
                folder, "bucket_unidirectional", RelativePositionBias.bucket(offsets, buckets, false), Tolerance.EXACT);

        Tensor x = encoder.embed(ids);
        for (int block = 0; block < config.numLayers(); block++) {
            x = encoder.block(block, x, mask);
            if (folder.io().has("block" + block + "_out")) {
                report.expect(folder, "block" + block + "_out", x, tolerance);
            }
            expectPositionBias(folder, report, encoder, block);
        }
        report.expect(folder, "output", encoder.encode(ids, mask), tolerance);
        report.expect(folder, "output_zero_padded", encoder.encodeZeroPadded(ids, mask), tolerance);
    }

    /** {@code pos_bias_blockN} is a corner of the bias, {@code pos_bias_last_row_blockN} its last query. */
    private static void expectPositionBias(CaseFolder folder, CaseReport report, UmtTextEncoder encoder, int block) {
        String corner = "pos_bias_block" + block;
        if (folder.io().has(corner)) {
            long length = folder.tensor(corner).size(-1);
            report.expect(folder, corner, encoder.positionBias(block, length), folder.tolerance());
        }
        String lastRow = "pos_bias_last_row_block" + block;
        if (folder.io().has(lastRow)) {
            long length = folder.tensor(lastRow).size(-1);
            Tensor row = Ops.slice(encoder.positionBias(block, length), 2, length - 1, length);
            report.expect(folder, lastRow, row, folder.tolerance());
        }
    }
}
