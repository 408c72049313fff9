package io.arvid.evaluate.net;

import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.WeightMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * DINO's vision transformer (Caron et al. 2021; {@code dino_vitbase16_pretrain.pth}): the class token after the last normalization. Takes images of
 * any size: rows and columns that do not fill a patch are dropped, and the position table is resized bicubically as in the official code.
 */
public final class DinoEncoder implements ImageEncoder {
    private static final int HEAD_DIM = 64;
    /** The official code adds it to the grid's sides, so that rounding down the scaled size never loses a row. */
    private static final double GRID_MARGIN = 0.1;

    private final NetWeights weights;
    private final EncoderBlock[] blocks;
    private final long dim;
    private final long patch;

    /** Copies the parameters; width, depth and patch size are read from them, heads are {@value #HEAD_DIM} wide. */
    public DinoEncoder(WeightMap file) {
        this.weights = NetWeights.copy("DINO", file);
        this.dim = weights.get("patch_embed.proj.weight").size(0);
        this.patch = weights.get("patch_embed.proj.weight").size(3);
        this.blocks = IntStream.range(0, weights.count("blocks", "norm1.weight"))
                .mapToObj(i -> new EncoderBlock(weights.under("blocks." + i), EncoderBlock.Layout.DINO, dim / HEAD_DIM))
                .toArray(EncoderBlock[]::new);
    }

    @Override
    public Tensor encode(Tensor images) {
        return TensorScope.run(() -> {
            Tensor grid = weights.conv("patch_embed.proj", images, patch, 0);
            Tensor patches = grid.flatten(2, 3).transpose(1, 2);
            Tensor classToken = weights.get("cls_token").expand(images.size(0), 1, dim);
            boolean square = images.size(2) == images.size(3);
            Tensor x = Ops.cat(1, classToken, patches).add(positions(grid.size(2), grid.size(3), square));
            for (EncoderBlock block : blocks) {
                x = block.forward(x);
            }
            return weights.layerNorm("norm", x, 1e-6).select(1, 0);
        });
    }

    /**
     * The position table {@code [1, 1 + rows·columns, D]} for a grid of patches.
     *
     * @param square whether the image is: where it is not, the official code resizes the table even to the grid that it has
     */
    private Tensor positions(long rows, long columns, boolean square) {
        Tensor table = weights.get("pos_embed");
        long trained = table.size(1) - 1;
        if (rows * columns == trained && square) {
            return table;
        }
        long side = Math.round(Math.sqrt(trained));
        Tensor grid =
                Ops.slice(table, 1, 1, 1 + trained).reshape(1, side, side, dim).permute(0, 3, 1, 2);
        double root = Math.sqrt(trained);
        Tensor resized = ImageOps.scaleBicubic(grid, (rows + GRID_MARGIN) / root, (columns + GRID_MARGIN) / root);
        Tensor flat = resized.permute(0, 2, 3, 1).reshape(1, rows * columns, dim);
        return Ops.cat(1, Ops.slice(table, 1, 0, 1), flat);
    }

    @Override
    public void close() {
        weights.close();
    }
}
