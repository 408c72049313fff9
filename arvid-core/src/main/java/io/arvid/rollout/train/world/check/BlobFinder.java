package io.arvid.rollout.train.world.check;

import java.util.Arrays;

/** Finds the connected regions (eight neighbors) of one class in one frame and measures those that are large enough together. */
final class BlobFinder {

    private final int width;
    private final int height;
    private final double leastArea;
    private final boolean[] visited;
    private final int[] stack;

    private int end;

    BlobFinder(int width, int height, double leastArea) {
        this.width = width;
        this.height = height;
        this.leastArea = leastArea;
        this.visited = new boolean[width * height];
        this.stack = new int[width * height];
    }

    /** The blob of a class in the frame whose classes {@code [H, W]} start at {@code offset}. */
    Blob find(byte[] classes, int offset, byte wanted) {
        Arrays.fill(visited, false);
        int regionCount = 0;
        end = 0;
        for (int at = 0; at < visited.length; at++) {
            if (!visited[at] && classes[offset + at] == wanted) {
                int start = end;
                collect(classes, offset, wanted, at);
                if (end - start >= leastArea) {
                    regionCount++;
                } else {
                    end = start;
                }
            }
        }
        return regionCount == 0 ? Blob.ABSENT : measure(regionCount);
    }

    /** Appends the region of a pixel; what is appended is also the queue of pixels whose neighbors are still to be seen. */
    private void collect(byte[] classes, int offset, byte wanted, int seed) {
        int head = end;
        visited[seed] = true;
        stack[end++] = seed;
        while (head < end) {
            int at = stack[head++];
            int x = at % width;
            int y = at / width;
            for (int ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
                for (int nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
                    int neighbor = ny * width + nx;
                    if (!visited[neighbor] && classes[offset + neighbor] == wanted) {
                        visited[neighbor] = true;
                        stack[end++] = neighbor;
                    }
                }
            }
        }
    }

    private Blob measure(int regionCount) {
        int left = width;
        int right = 0;
        int top = height;
        int bottom = 0;
        double sumX = 0;
        double sumY = 0;
        for (int i = 0; i < end; i++) {
            int x = stack[i] % width;
            int y = stack[i] / width;
            left = Math.min(left, x);
            right = Math.max(right, x);
            top = Math.min(top, y);
            bottom = Math.max(bottom, y);
            sumX += x + 0.5;
            sumY += y + 0.5;
        }
        double boxX = (left + right + 1) / 2.0;
        double boxY = (top + bottom + 1) / 2.0;
        double taper = 0;
        for (int i = 0; i < end; i++) {
            taper += Math.signum(stack[i] / width + 0.5 - boxY);
        }
        return new Blob(
                end, sumX / end, sumY / end, right - left + 1, bottom - top + 1, boxX, boxY, taper / end, regionCount);
    }
}
