package import IRLASGraph

/// A recipe's images, read, split, measured and ready to be assembled into batches.
package struct PreparedData: Sendable {
  /// Assembles training samples, augmented.
  package let training: BatchAssembler
  /// Assembles training samples that were set aside; nil when the recipe sets none aside.
  package let validation: BatchAssembler?
  /// Assembles test samples.
  package let test: BatchAssembler
  /// The mean and deviation of the training images, where the recipe normalises.
  package let normalization: Normalization?
  /// Identifies images and labels: a run resumes on the same data only.
  package let fingerprint: UInt64

  /// Reads `folder` as the recipe says.
  ///
  /// - Parameters:
  ///   - recipe: names the format, the augmentation and the validation split.
  ///   - seed: of the run; all augmentation follows from it.
  ///   - splitSeed: what the choice of validation images follows from; nil for `seed`.
  ///   - normalization: of the checkpoint that is used; nil measures the training images.
  /// - Throws: what is wrong with the files, or with the recipe's chain for images of their size.
  package init(
    recipe: Recipe, folder: String, seed: UInt64, splitSeed: UInt64? = nil,
    normalization given: Normalization? = nil
  ) throws(TrainingError) {
    var splits: DatasetSplits
    do throws(FileError) {
      // Its message for a folder that is not there is the better one.
      if !FileBytes.isFolder(folder) { _ = try DatasetFormat.detect(folder) }
      let format: DatasetFormat =
        switch recipe.data.format {
        case .idx: .idx
        case .cifar10: .cifar10
        case .cifar100: .cifar100
        }
      splits = try format.load(folder)
      splits = try splits.settingAside(
        recipe.data.validation, .shuffled(seed: splitSeed ?? seed), path: folder)
    } catch {
      throw .file(error)
    }
    let usesNormalization = recipe.augmentation.contains(.normalize)
    normalization = usesNormalization ? given ?? Normalization(of: splits.training) : nil
    let steps = Self.steps(recipe, normalization: normalization)
    var hash = ByteHash()
    hash.combine(splits.training.fingerprint)
    hash.combine(splits.test.fingerprint)
    fingerprint = hash.value
    do throws(AugmentationChain.ChainError) {
      training = try BatchAssembler(splits.training, steps: steps, seed: seed, layout: .nhwc)
      test = try BatchAssembler(splits.test, steps: steps, seed: seed, layout: .nhwc)
      if let held = splits.validation {
        validation = try BatchAssembler(held, steps: steps, seed: seed, layout: .nhwc)
      } else {
        validation = nil
      }
    } catch {
      throw .recipe("the images of \(folder) do not go through the recipe's `data` chain: \(error)")
    }
  }

  /// The recipe's chain in the terms of this module.
  package static func steps(_ recipe: Recipe, normalization: Normalization?) -> [Augmentation] {
    recipe.augmentation.compactMap { step in
      switch step {
      case .pad(let margin): .pad(margin)
      case .crop(let size): .crop(height: size.height, width: size.width)
      case .flip: .flip
      case .shift(let reach): .shift(reach)
      case .cutout(let side): .cutout(side)
      case .normalize: normalization.map { .normalize($0) }
      }
    }
  }

  /// Makes sure that the network fits the images: its input and its number of classes.
  package func check(against network: Graph) throws(TrainingError) {
    let chain = training.chain
    let images = Shape.image(chain.channels, chain.output.height, chain.output.width)
    let inputs = network.nodes.filter {
      if case .input = $0.op { true } else { false }
    }
    guard inputs.count == 1 else {
      throw .recipe("\(network.name) takes \(inputs.count) inputs, but a data set of images gives one")
    }
    guard inputs[0].shape == images else {
      throw .recipe(
        "\(network.name) takes images \(inputs[0].shape), but the recipe's data gives \(images)")
    }
    let shape = try network.classifierShape()
    let classes = training.dataset.classCount
    guard shape.channels >= classes else {
      throw .recipe(
        "\(network.name) tells \(shape.channels) classes apart, but the data has \(classes)")
    }
    for output in network.outputs where output.isAuxiliary {
      let shape = network[output.value].shape
      guard shape.channels >= classes else {
        throw .recipe("the output \(output.name) is \(shape), but the data has \(classes) classes")
      }
    }
  }
}

extension Graph {
  /// The shape of a classifier's one output, `[classes, 1, 1]`; auxiliary outputs do not count.
  ///
  /// - Throws: why the network is not a classifier.
  func classifierShape() throws(TrainingError) -> Shape {
    let main = outputs.filter { !$0.isAuxiliary }
    guard main.count == 1, let logits = main.first else {
      throw .recipe("\(name) has \(main.count) outputs, but a classifier has one")
    }
    let shape = self[logits.value].shape
    guard shape.isImage, shape.height == 1, shape.width == 1 else {
      throw .recipe("\(name) returns \(shape), but a classifier returns [classes, 1, 1]")
    }
    return shape
  }
}

/// Why training cannot start or go on.
package enum TrainingError: Error, CustomStringConvertible {
  /// A data set, checkpoint or log.
  case file(FileError)
  /// The recipe does not fit the data or the network.
  case recipe(String)
  /// A checkpoint does not belong to this run.
  case checkpoint(String)
  /// The network cannot be compiled or run on this machine.
  case engine(String)
  /// The loss is no longer a finite number.
  case diverged(epoch: Int, step: Int)

  package var description: String {
    switch self {
    case .file(let error): error.description
    case .recipe(let problem), .checkpoint(let problem), .engine(let problem): problem
    case .diverged(let epoch, let step):
      "the loss is not a finite number any more (epoch \(epoch + 1), step \(step + 1))\n"
        + "help: a lower learning rate, a warm-up or batch normalisation usually cures it"
    }
  }
}
