package io.arvid.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedFilesTest {
    private static final int BYTES = 20_000;

    @TempDir
    private Path folder;

    @Test
    void pagesThatWereGivenBackComeAgain() throws IOException {
        byte[] content = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            content[i] = (byte) (i * 31 >> 3);
        }
        Path file = Files.write(folder.resolve("weights"), content);
        try (Arena arena = Arena.ofShared();
                TensorScope scope = TensorScope.open()) {
            MemorySegment memory = MappedFiles.map(file, arena);
            Tensor all = Tensors.view(memory, DTypes.U8, BYTES);
            Tensor part = Tensors.view(memory.asSlice(5000), DTypes.U8, 10_000);
            assertThat(MappedFiles.hold(all)).isTrue();
            assertThat(MappedFiles.hold(part)).isTrue();
            assertThat(Tensors.toBytes(all)).isEqualTo(content);
            MappedFiles.giveBack(part);
            assertThat(Tensors.toBytes(all)).isEqualTo(content);
        }
    }

    @Test
    void otherMemoryStaysAsItIs() throws IOException {
        Path file = Files.write(folder.resolve("weights"), new byte[BYTES]);
        try (TensorScope scope = TensorScope.open()) {
            Tensor own = Tensors.full(DTypes.U8, 7, BYTES);
            try (Arena arena = Arena.ofShared()) {
                MappedFiles.map(file, arena);
                assertThat(MappedFiles.hold(own)).isFalse();
            }
            MappedFiles.giveBack(own);
            assertThat(Tensors.toBytes(own)).containsOnly(7);
        }
    }
}
