package io.arvid.weights;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** The files of a model's folder. */
public final class FilesBelow {
    /** As deep as a tokenizer lies in a model store of Hugging Face: five folders down, and the file. */
    private static final int MAX_DEPTH = 6;

    private FilesBelow() {}

    /**
     * Regular files in {@code folder} and in folders up to five levels below it, sorted. Links are followed, as model stores are full of them; those that lead
     * nowhere or in a circle, and folders that cannot be read, are passed over.
     *
     * @throws CheckpointException where {@code folder} itself cannot be listed
     */
    public static List<Path> of(Path folder) {
        List<Path> files = new ArrayList<>();
        try {
            Files.walkFileTree(folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), MAX_DEPTH, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (attributes.isRegularFile()) {
                        files.add(file);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException reason) throws IOException {
                    if (file.equals(folder)) {
                        throw reason;
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new CheckpointException(folder, "cannot be listed: " + e.getMessage());
        }
        return files.stream().sorted().toList();
    }
}
