/// How long kernels took on a machine: what `irlas tune` has measured.
///
/// A text file, so that it can be read and merged: after the first line one line for each kernel, its fields separated by
/// spaces.
package struct KernelTimings: Hashable, Sendable {
  /// One kernel with its sizes on so many threads.
  package struct Entry: Hashable, Sendable {
    package let load: KernelLoad
    package let threads: Int
    /// The shortest of the medians that were measured: other work on the machine can only lengthen them.
    package var seconds: Double
  }

  /// Why a text is none.
  package enum Issue: Error, Hashable, Sendable, CustomStringConvertible {
    case notTimings
    case line(Int)

    package var description: String {
      switch self {
      case .notTimings: "it does not begin with `\(KernelTimings.head)`"
      case .line(let number): "line \(number) is no measurement"
      }
    }
  }

  private struct Key: Hashable {
    let symbol: String
    let threads: Int
  }

  fileprivate static let head = "irlas timings 1"

  /// By threads, family and symbol.
  package private(set) var entries: [Entry] = []
  private var places: [Key: Int] = [:]

  package init() {}

  /// The time of a kernel on so many threads, if it was measured.
  package func seconds(of load: KernelLoad, threads: Int) -> Double? {
    places[Key(symbol: load.symbol, threads: threads)].map { entries[$0].seconds }
  }

  /// Takes up measurements; of a kernel that is known the shorter time stays.
  ///
  /// - Returns: how many were not known.
  @discardableResult
  package mutating func record(_ measured: [Entry]) -> Int {
    let known = entries.count
    for entry in measured {
      let key = Key(symbol: entry.load.symbol, threads: entry.threads)
      if let place = places[key] {
        entries[place].seconds = min(entries[place].seconds, entry.seconds)
      } else {
        places[key] = entries.count
        entries.append(entry)
      }
    }
    entries.sort {
      ($0.threads, $0.load.family, $0.load.symbol) < ($1.threads, $1.load.family, $1.load.symbol)
    }
    for (place, entry) in entries.enumerated() {
      places[Key(symbol: entry.load.symbol, threads: entry.threads)] = place
    }
    return entries.count - known
  }

  // MARK: Text

  package var text: String {
    var text = Self.head + "\n"
    for entry in entries {
      text +=
        "\(entry.threads) \(entry.load.family) \(entry.load.symbol) \(entry.load.macs) \(entry.load.floats) \(entry.seconds)\n"
    }
    return text
  }

  package init(parsing text: String) throws(Issue) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == Self.head else { throw .notTimings }
    var measured: [Entry] = []
    for (number, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let fields = line.split(separator: " ")
      guard fields.count == 6, let threads = Int(fields[0]), let macs = Double(fields[3]),
        let floats = Double(fields[4]), let seconds = Double(fields[5]), threads > 0, macs >= 0, floats >= 0,
        seconds > 0, macs.isFinite, floats.isFinite, seconds.isFinite
      else { throw .line(number + 1) }
      measured.append(
        Entry(
          load: KernelLoad(
            family: String(fields[1]), symbol: String(fields[2]), macs: macs, floats: floats),
          threads: threads, seconds: seconds))
    }
    record(measured)
  }
}

extension KernelTimings.Entry {
  package init(_ load: KernelLoad, threads: Int, seconds: Double) {
    self.load = load
    self.threads = threads
    self.seconds = seconds
  }
}
