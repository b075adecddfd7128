/// One step of the chain between a stored image and the network: `pad(4) -> crop(32x32) -> flip -> normalize`.
///
/// Steps that draw random numbers do so in training only; evaluation takes the middle of their range.
package enum Augmentation: Sendable, Equatable {
  /// Adds this many zero rows and columns on every side.
  case pad(Int)
  /// Cuts out a window: anywhere in training, the middle one in evaluation.
  case crop(height: Int, width: Int)
  /// Mirrors left to right, for half of the images.
  case flip
  /// Moves the image by up to this many pixels each way; what comes in is zero.
  case shift(Int)
  /// Zeroes a square of this side whose centre is anywhere in the image.
  ///
  /// T. DeVries and G. W. Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017.
  case cutout(Int)
  /// Subtracts the mean and divides by the standard deviation of each channel.
  case normalize(Normalization)
}

/// A chain of augmentations checked against the size of the images it is for.
package struct AugmentationChain: Sendable, Equatable {
  /// Why a chain does not fit its images.
  package struct ChainError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The step at fault, from 0.
    package var step: Int
    /// What is wrong, as a sentence without a full stop.
    package var description: String

    /// A step and what is wrong with it.
    package init(step: Int, description: String) {
      self.step = step
      self.description = description
    }
  }

  /// The steps, first applied first.
  package let steps: [Augmentation]
  /// Channels of the images.
  package let channels: Int
  /// Size of the images that go in.
  package let input: (height: Int, width: Int)
  /// Size of the images that come out.
  package let output: (height: Int, width: Int)

  /// The largest image side a chain may make.
  package static let sideLimit = 1 << 15

  /// Checks a chain for images of a size.
  package init(_ steps: [Augmentation], channels: Int, height: Int, width: Int) throws(ChainError) {
    var size = (height: height, width: width)
    for (index, step) in steps.enumerated() {
      func fail(_ text: String) -> ChainError { ChainError(step: index, description: text) }
      switch step {
      case .pad(let margin):
        guard (0...AugmentationChain.sideLimit).contains(margin) else {
          throw fail("pad(\(margin)): a margin is from 0 to \(AugmentationChain.sideLimit)")
        }
        size = (size.height + 2 * margin, size.width + 2 * margin)
        guard max(size.height, size.width) <= AugmentationChain.sideLimit else {
          throw fail("pad(\(margin)) makes images of more than \(AugmentationChain.sideLimit) pixels a side")
        }
      case .crop(let height, let width):
        guard height > 0, width > 0, height <= size.height, width <= size.width else {
          throw fail(
            "crop(\(height)x\(width)) does not fit into images of \(size.height)x\(size.width)")
        }
        size = (height, width)
      case .flip: break
      case .shift(let reach):
        guard reach >= 0, reach < min(size.height, size.width) else {
          throw fail("shift(\(reach)) moves images of \(size.height)x\(size.width) out of sight")
        }
      case .cutout(let side):
        guard side > 0, side <= AugmentationChain.sideLimit else {
          throw fail("cutout(\(side)): a side is from 1 to \(AugmentationChain.sideLimit)")
        }
      case .normalize(let numbers):
        guard numbers.mean.count == channels, numbers.standardDeviation.count == channels else {
          throw fail("normalize has numbers for \(numbers.mean.count) channels, the images have \(channels)")
        }
        guard numbers.standardDeviation.allSatisfy({ $0 > 0 && $0.isFinite }),
          numbers.mean.allSatisfy(\.isFinite)
        else { throw fail("normalize needs finite means and standard deviations above 0") }
      }
    }
    self.steps = steps
    self.channels = channels
    self.input = (height, width)
    self.output = size
  }

  /// True where the steps and sizes are the same.
  package static func == (a: AugmentationChain, b: AugmentationChain) -> Bool {
    a.steps == b.steps && a.channels == b.channels && a.input == b.input
  }

  /// Every channel's value for each byte: scaled to [0, 1], then through all `normalize` steps. `channels * 256`.
  var values: [Float] {
    (0..<channels).flatMap { channel in
      (0..<256).map { normalized(Float($0) / 255, channel: channel, from: 0) }
    }
  }

  /// What a zero that step `step` puts in becomes by the end of the chain, for each channel.
  func zero(from step: Int) -> [Float] {
    (0..<channels).map { normalized(0, channel: $0, from: step + 1) }
  }

  private func normalized(_ value: Float, channel: Int, from first: Int) -> Float {
    var value = value
    for case .normalize(let numbers) in steps[first...] {
      value = (value - numbers.mean[channel]) / numbers.standardDeviation[channel]
    }
    return value
  }
}
