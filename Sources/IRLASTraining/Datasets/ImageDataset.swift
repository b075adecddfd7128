import IRLASGraph
/// Labelled images of one size, as they stand in their files: bytes, not yet scaled.
package struct ImageDataset: Sendable, Equatable {
  /// 1 for grey, 3 for red, green and blue.
  package let channels: Int
  /// Rows of an image.
  package let height: Int
  /// Columns of an image.
  package let width: Int
  /// How many classes there are: labels are below it. At most 256.
  package let classCount: Int
  /// A name for every class, in the order of the labels.
  package let classNames: [String]
  /// All images one after the other, each `channels * height * width` bytes: channel planes, row by row.
  package let pixels: [UInt8]
  /// The class of each image.
  package let labels: [UInt8]

  /// A data set of images in memory; sizes must agree.
  ///
  /// - Parameter classNames: Without names, the classes are called by their numbers.
  package init(
    channels: Int, height: Int, width: Int, classCount: Int, classNames: [String] = [],
    pixels: [UInt8], labels: [UInt8]
  ) {
    precondition(pixels.count == labels.count * channels * height * width, "pixels and labels must agree")
    precondition((1...256).contains(classCount), "labels are bytes")
    precondition(classNames.isEmpty || classNames.count == classCount, "one name for each class")
    self.channels = channels
    self.height = height
    self.width = width
    self.classCount = classCount
    self.classNames = classNames.isEmpty ? (0..<classCount).map(String.init) : classNames
    self.pixels = pixels
    self.labels = labels
  }

  /// How many images there are.
  package var count: Int { labels.count }

  /// Bytes of one image.
  package var imageSize: Int { channels * height * width }

  /// The shape of an image as in a program: `[channels, height, width]`.
  package var shape: [Int] { [channels, height, width] }

  /// The bytes of one image, as channel planes.
  package func image(_ index: Int) -> ArraySlice<UInt8> {
    pixels[index * imageSize..<(index + 1) * imageSize]
  }

  /// How often each class occurs.
  package var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for label in labels { counts[Int(label)] += 1 }
    return counts
  }

  /// The images of these indices, in this order.
  package func subset(_ indices: [Int]) -> ImageDataset {
    var chosen: [UInt8] = []
    chosen.reserveCapacity(indices.count * imageSize)
    for index in indices { chosen.append(contentsOf: image(index)) }
    return ImageDataset(
      channels: channels, height: height, width: width, classCount: classCount,
      classNames: classNames, pixels: chosen, labels: indices.map { labels[$0] })
  }

  /// A hash of everything in it; checkpoints record it, so that a run resumes on the data it began with.
  package var fingerprint: UInt64 {
    var hash = ByteHash()
    for size in [channels, height, width, classCount, count] { hash.combine(UInt64(size)) }
    // Eight bytes at a time: a byte-wise hash of 150 MB would be felt at every start.
    var word: UInt64 = 0
    pixels.withUnsafeBytes { bytes in
      let words = bytes.count / 8
      for at in 0..<words {
        word = StableHash.mix(
          word ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at * 8, as: UInt64.self)))
      }
      for at in words * 8..<bytes.count { word = StableHash.mix(word ^ UInt64(bytes[at])) }
    }
    hash.combine(word)
    for label in labels { hash.combine(label) }
    return hash.value
  }
}

/// The parts of a data set that training uses.
package struct DatasetSplits: Sendable, Equatable {
  /// What the network learns from.
  package var training: ImageDataset
  /// What search and tuning look at; nil where none was set aside.
  package var validation: ImageDataset?
  /// What the final accuracy is measured on.
  package var test: ImageDataset

  /// The parts as given.
  package init(training: ImageDataset, validation: ImageDataset? = nil, test: ImageDataset) {
    self.training = training
    self.validation = validation
    self.test = test
  }

  /// Which training images are set aside for validation.
  package enum ValidationChoice: Sendable, Equatable {
    /// The last ones of the file.
    case last
    /// A random choice that depends on the seed and the number of images alone.
    case shuffled(seed: UInt64)
  }

  /// Moves `size` training images into a validation set; both keep the order of the file.
  ///
  /// - Parameter path: Names the data in the error.
  package func settingAside(
    _ size: Int, _ choice: ValidationChoice, path: String
  ) throws(FileError) -> DatasetSplits {
    guard size > 0 else { return self }
    let count = training.count
    guard size < count else {
      throw FileError(
        .malformed, path: path,
        problem: "has \(count) training images, so \(size) cannot be set aside for validation",
        help: "`validation` must be below \(count)")
    }
    let chosen: [Int]
    switch choice {
    case .last:
      chosen = Array(count - size..<count)
    case .shuffled(let seed):
      var order = Array(0..<count)
      var stream = RandomStream(seed: seed, purpose: "validation split")
      stream.shuffle(&order)
      chosen = order.prefix(size).sorted()
    }
    var isChosen = [Bool](repeating: false, count: count)
    for index in chosen { isChosen[index] = true }
    let rest = (0..<count).filter { !isChosen[$0] }
    return DatasetSplits(
      training: training.subset(rest), validation: training.subset(chosen), test: test)
  }
}
