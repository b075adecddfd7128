import IRLASJSON

/// Mean and standard deviation of each channel, of pixels scaled to [0, 1]: `normalize` subtracts and divides.
package struct Normalization: Sendable, Equatable {
  /// Mean of each channel.
  package var mean: [Float]
  /// Standard deviation of each channel, above 0.
  package var standardDeviation: [Float]

  /// Explicit numbers, one for each channel.
  package init(mean: [Float], standardDeviation: [Float]) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The figures of a data set, over all pixels of all its images (population standard deviation).
  ///
  /// Sums are of integers, hence exact. A channel that never varies gets the deviation 1.
  package init(of dataset: ImageDataset) {
    let plane = dataset.height * dataset.width
    var sums = [UInt64](repeating: 0, count: dataset.channels)
    var squares = [UInt64](repeating: 0, count: dataset.channels)
    dataset.pixels.withUnsafeBufferPointer { pixels in
      var at = 0
      while at < pixels.count {
        for channel in 0..<dataset.channels {
          var sum: UInt64 = 0
          var square: UInt64 = 0
          for value in pixels[at..<at + plane] {
            sum += UInt64(value)
            square += UInt64(value) * UInt64(value)
          }
          sums[channel] += sum
          squares[channel] += square
          at += plane
        }
      }
    }
    let count = Double(dataset.count * plane)
    mean = []
    standardDeviation = []
    for channel in 0..<dataset.channels {
      let average = count > 0 ? Double(sums[channel]) / count : 0
      let variance = count > 0 ? Double(squares[channel]) / count - average * average : 0
      mean.append(Float(average / 255))
      standardDeviation.append(variance > 1e-6 ? Float(variance.squareRoot() / 255) : 1)
    }
  }

  /// The figures as text for a checkpoint: a JSON object with `mean` and `std`.
  package var text: String {
    func list(_ values: [Float]) -> JSON { .array(values.map { .number(Double($0)) }) }
    return JSON.object([.init("mean", list(mean)), .init("std", list(standardDeviation))]).line
  }

  /// Reads what ``text`` wrote; nil where it is something else.
  package init?(text: String) {
    func floats(_ json: JSON?) -> [Float]? {
      json?.elements?.compactMap {
        switch $0 {
        case .integer(let value): Float(value)
        case .number(let value): Float(value)
        default: nil
        }
      }
    }
    guard let json = try? JSON.parse(Array(text.utf8)[...]),
      let mean = floats(json["mean"]), let deviation = floats(json["std"]),
      mean.count == deviation.count, mean.count == json["mean"]?.elements?.count,
      deviation.count == json["std"]?.elements?.count, deviation.allSatisfy({ $0 > 0 && $0.isFinite }),
      mean.allSatisfy(\.isFinite)
    else { return nil }
    self.mean = mean
    self.standardDeviation = deviation
  }
}
