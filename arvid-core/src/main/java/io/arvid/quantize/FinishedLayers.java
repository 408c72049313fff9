package io.arvid.quantize;

import io.arvid.model.LinearSite;
import io.arvid.quantize.scheme.LayerPlan;
import java.util.Optional;
import java.util.function.Supplier;

/** Layers of an interrupted run that need not be worked on again. Used by several threads at once. */
public interface FinishedLayers {
    /** Nothing is remembered. */
    FinishedLayers NONE = new FinishedLayers() {
        @Override
        public boolean has(LinearSite site) {
            return false;
        }

        @Override
        public Optional<LayerPlan> find(LinearSite site) {
            return Optional.empty();
        }

        @Override
        public void put(LinearSite site, LayerPlan plan) {}

        @Override
        public FinishedLayers stage(String name) {
            return this;
        }
    };

    /** True where {@code site} is finished. */
    boolean has(LinearSite site);

    /** The plan of {@code site}, if it is finished; its tensors belong to the open scope. */
    Optional<LayerPlan> find(LinearSite site);

    /** Remembers a finished layer. */
    void put(LinearSite site, LayerPlan plan);

    /** What an earlier stage of the same run finished, which {@code name} tells from the others. */
    FinishedLayers stage(String name);

    /** The plan of {@code site}, worked out by {@code work} where it is not finished. */
    default LayerPlan getOrCompute(LinearSite site, Supplier<LayerPlan> work) {
        return find(site).orElseGet(() -> {
            LayerPlan plan = work.get();
            put(site, plan);
            return plan;
        });
    }
}
