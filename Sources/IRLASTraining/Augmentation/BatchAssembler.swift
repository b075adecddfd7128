/// The order of the four dimensions of a batch in memory, slowest first.
package enum BatchLayout: Sendable, Equatable {
  /// Batch, height, width, channel.
  case nhwc
  /// Batch, channel, height, width.
  case nchw
}

/// Turns stored images into the floats a network reads: scaled to [0, 1] and sent through the augmentation chain.
///
/// Each sample's random numbers are a function of (seed, epoch, sample index) alone. Neither the batch it is in, nor
/// its place there, nor the thread matters.
package struct BatchAssembler: Sendable {
  /// Whether random steps draw.
  package enum Purpose: Sendable, Equatable {
    /// Draws belong to this epoch.
    case training(epoch: Int)
    /// Nothing is random.
    case evaluation
  }

  /// Where the images come from.
  package let dataset: ImageDataset
  /// What is done to them.
  package let chain: AugmentationChain
  /// The order of the floats.
  package let layout: BatchLayout
  private let key: UInt64
  private let values: [Float]
  /// What a zero put in by each step ends up as, by channel.
  private let zeros: [[Float]]

  /// An assembler for the images of a set.
  package init(
    _ dataset: ImageDataset, steps: [Augmentation], seed: UInt64, layout: BatchLayout
  ) throws(AugmentationChain.ChainError) {
    self.dataset = dataset
    self.chain = try AugmentationChain(
      steps, channels: dataset.channels, height: dataset.height, width: dataset.width)
    self.layout = layout
    self.key = RandomStream.key(seed: seed, purpose: "augmentation")
    self.values = chain.values
    self.zeros = steps.indices.map(chain.zero(from:))
  }

  /// Floats of one assembled sample.
  package var sampleSize: Int { chain.channels * chain.output.height * chain.output.width }

  /// Assembles `samples` into `images`, one after the other, and their classes into `labels`.
  ///
  /// - Parameters:
  ///   - samples: Indices into ``dataset``.
  ///   - images: `samples.count * sampleSize` floats in ``layout``.
  ///   - labels: `samples.count` class numbers.
  ///   - threads: How many threads may share the work; the result is the same for any number.
  package func assemble(
    _ samples: [Int], for purpose: Purpose, threads: Int = 1,
    images: UnsafeMutableBufferPointer<Float>, labels: UnsafeMutableBufferPointer<Int32>
  ) {
    precondition(images.count == samples.count * sampleSize && labels.count == samples.count)
    nonisolated(unsafe) let images = images
    nonisolated(unsafe) let labels = labels
    Parallel.ranges(samples.count, threads: threads) { part in
      for place in part {
        let slot = images.extracting(place * sampleSize..<(place + 1) * sampleSize)
        labels[place] = assemble(sample: samples[place], for: purpose, into: slot)
      }
    }
  }

  /// Assembles one sample into `sampleSize` floats; gives its class.
  ///
  /// Safe to call from several threads at once.
  package func assemble(
    sample: Int, for purpose: Purpose, into slot: UnsafeMutableBufferPointer<Float>
  ) -> Int32 {
    let transform: SampleTransform
    switch purpose {
    case .training(let epoch):
      transform = SampleTransform(
        chain,
        drawnFrom: RandomStream(
          key: key, epoch: UInt64(bitPattern: Int64(epoch)), index: UInt64(sample)))
    case .evaluation: transform = SampleTransform(chain, drawnFrom: nil)
    }
    write(sample, transform, into: slot)
    return Int32(dataset.labels[sample])
  }

  /// Distance in floats between channels, rows and columns of a sample.
  private var strides: (channel: Int, row: Int, column: Int) {
    switch layout {
    case .nhwc: (1, chain.output.width * chain.channels, chain.channels)
    case .nchw: (chain.output.height * chain.output.width, chain.output.width, 1)
    }
  }

  private func write(
    _ sample: Int, _ transform: SampleTransform, into slot: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(slot.count == sampleSize)
    let stride = strides
    let plane = dataset.height * dataset.width
    dataset.pixels.withUnsafeBufferPointer { pixels in
      for channel in 0..<chain.channels {
        let source = sample * dataset.imageSize + channel * plane
        for (row, fromRow) in transform.rows.enumerated() {
          var at = channel * stride.channel + row * stride.row
          let start = source + fromRow * dataset.width
          for fromColumn in transform.columns {
            if fromRow >= 0 && fromColumn >= 0 {
              slot[at] = values[channel * 256 + Int(pixels[start + fromColumn])]
            } else {
              // Where rows and columns were both zeroed, the later step counts: its zero replaced the other's.
              slot[at] = zeros[-1 - min(fromRow, fromColumn)][channel]
            }
            at += stride.column
          }
        }
      }
    }
    // Blanks come in the order of the chain, and no later step puts zeros where an earlier blank still is.
    for blank in transform.blanks {
      for channel in 0..<chain.channels {
        let zero = zeros[blank.step][channel]
        for row in blank.rows {
          for column in blank.columns {
            slot[channel * stride.channel + row * stride.row + column * stride.column] = zero
          }
        }
      }
    }
  }
}
