/// The folder formats that can be read.
package enum DatasetFormat: String, Sendable, CaseIterable {
  /// Four IDX files, as MNIST has.
  case idx
  /// CIFAR-10's binary version; also what `irlas data synth` writes.
  case cifar10
  /// CIFAR-100's binary version, with its 100 fine labels.
  case cifar100

  /// The format of a folder, judged by the names of its files.
  package static func detect(_ folder: String) throws(FileError) -> DatasetFormat {
    guard FileBytes.exists(folder) else {
      throw FileError(
        .missing, path: folder, problem: "there is no such folder",
        help: "a data folder named in a recipe is relative to the file of the recipe")
    }
    guard FileBytes.isFolder(folder) else {
      throw FileError(.malformed, path: folder, problem: "is a file, but data sets are folders")
    }
    let names: [(DatasetFormat, [String])] = [
      (.idx, IDXFile.imageNames(training: true) + IDXFile.imageNames(training: true).map { $0 + ".gz" }),
      (.cifar10, ["data_batch_1.bin", "meta.json"]),
      (.cifar100, ["train.bin"]),
    ]
    for (format, candidates) in names
    where candidates.contains(where: { FileBytes.exists(FileBytes.join(folder, $0)) }) {
      return format
    }
    throw FileError(
      .missing, path: folder, problem: "holds no data set that can be read",
      help:
        "expected train-images-idx3-ubyte (MNIST's format), data_batch_1.bin (CIFAR-10) or train.bin (CIFAR-100)"
    )
  }

  /// Reads the training and test parts of a folder.
  ///
  /// - Parameter classes: The number of classes that labels must stay below; nil takes what the format says, or for
  ///   IDX the largest training label plus one.
  package func load(_ folder: String, classes: Int? = nil) throws(FileError) -> DatasetSplits {
    switch self {
    case .idx: try IDXFile.loadFolder(folder, classes: classes)
    case .cifar10: try CIFARFolder.loadCIFAR10(folder)
    case .cifar100: try CIFARFolder.loadCIFAR100(folder)
    }
  }
}
