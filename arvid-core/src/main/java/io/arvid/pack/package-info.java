/**
 * Plans on disk: what enters is a {@link io.arvid.quantize.scheme.QuantPlan} and the model that it was made for, what leaves is a folder of packed
 * safetensors with a versioned {@code config.json}, and back. {@code docs/packed-format.md} is the specification.
 *
 * <p>Read {@link io.arvid.pack.PackedLayer} first: a layer with its codes packed, as kernels take it. {@link io.arvid.pack.Packer} writes a folder,
 * {@link io.arvid.pack.PackedModelFile} opens one, {@link io.arvid.pack.DequantizedExport} turns it back into an ordinary checkpoint.
 */
@NullMarked
package io.arvid.pack;

import org.jspecify.annotations.NullMarked;
