import Foundation

/// How far the tests with random and damaged inputs go. `make fuzz` sets `IRLAS_FUZZ_COUNT` to a million; `IRLAS_FUZZ_SEED`
/// starts a series of other inputs.
package enum Fuzzing {
  /// How many inputs are tried.
  ///
  /// - Parameters:
  ///   - standard: how many in `make test`.
  ///   - share: one for so many of `IRLAS_FUZZ_COUNT`, where an input takes as much longer than one for the parser.
  package static func count(_ standard: Int, share: Int = 1) -> Int {
    number("IRLAS_FUZZ_COUNT").map { max(1, Int(clamping: $0) / share) } ?? standard
  }

  /// The seed of a series of inputs.
  package static func seed(_ standard: UInt64) -> UInt64 { number("IRLAS_FUZZ_SEED") ?? standard }

  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }
}
