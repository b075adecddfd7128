package import IRLASGraph

#if canImport(Glibc)
  import Glibc
#endif

/// One class that a picture may belong to.
package struct Prediction: Hashable, Sendable {
  package var index: Int
  package var name: String
  /// The softmax of the class scores.
  package var probability: Double
}

/// Pictures from files, made to fit a network.
package struct PictureBatch: Sendable {
  let assembler: BatchAssembler
  let classNames: [String]

  /// Reads `paths` and scales the pictures to the input of `network`.
  ///
  /// - Parameters:
  ///   - checkpoint: of the network: its normalisation and class names are used.
  ///   - path: names the checkpoint in errors.
  /// - Throws: what is wrong with a file, or why the network does not take pictures.
  package init(paths: [String], for network: Graph, checkpoint: Checkpoint, path: String)
    throws(TrainingError)
  {
    let inputs = network.nodes.filter {
      if case .input = $0.op { true } else { false }
    }
    guard inputs.count == 1, let shape = inputs.first?.shape, shape.channels == 1 || shape.channels == 3
    else {
      throw .recipe("\(network.name) does not take one grey or coloured picture")
    }
    _ = try network.classifierShape()
    var pixels: [UInt8] = []
    do throws(FileError) {
      for path in paths {
        let picture = try ImageFile.read(path)
        pixels += picture.planes(channels: shape.channels, height: shape.height, width: shape.width)
      }
    } catch {
      throw .file(error)
    }
    let dataset = ImageDataset(
      channels: shape.channels, height: shape.height, width: shape.width, classCount: 1, classNames: [],
      pixels: pixels, labels: [UInt8](repeating: 0, count: paths.count))
    let steps = try checkpoint.normalization(path: path).map { [Augmentation.normalize($0)] } ?? []
    do throws(AugmentationChain.ChainError) {
      assembler = try BatchAssembler(dataset, steps: steps, seed: 0, layout: .nhwc)
    } catch {
      throw .checkpoint("the checkpoint's normalisation does not fit \(network.name): \(error)")
    }
    classNames = checkpoint.classNames
  }
}

extension InferenceEngine {
  /// All classes of every picture, the likeliest first.
  package func predictions(for pictures: PictureBatch) throws(TrainingError) -> [[Prediction]] {
    let count = pictures.assembler.dataset.count
    return try scores(of: Array(0..<count), from: pictures.assembler).map { scores in
      let peak = Double(scores.max() ?? 0)
      let powers = scores.map { exp(Double($0) - peak) }
      let total = powers.reduce(0, +)
      return powers.enumerated().map { index, power in
        let name = index < pictures.classNames.count ? pictures.classNames[index] : "\(index)"
        return Prediction(index: index, name: name, probability: power / total)
      }.sorted { ($1.probability, $0.index) < ($0.probability, $1.index) }
    }
  }
}

extension Checkpoint {
  /// The names of the classes, in order; empty when the data set had none.
  package var classNames: [String] {
    text("class_names").map { $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
      ?? []
  }
}
