import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// Speed as far as a test on a busy machine can tell: time of this thread alone, the best of some runs, and bounds far
/// from what is measured (`docs/performance.md`).
@Suite(.serialized) struct FormatSpeedTests {
  private func seconds(_ body: () -> Void) -> Double {
    var best = Double.infinity
    for _ in 0..<3 {
      let start = processorTime()
      body()
      best = min(best, processorTime() - start)
    }
    return best
  }

  private func text(copies: Int) -> SourceFile {
    // The version and `use` lines stand once, at the top.
    let lines = samplePrograms.map(\.text).joined(separator: "\n").split(separator: "\n").filter {
      !$0.hasPrefix("irlas ") && !$0.hasPrefix("use ")
    }
    let body = lines.joined(separator: "\n") + "\n"
    return SourceFile(name: "large.irlas", text: String(repeating: body, count: copies))
  }

  @Test func timeGrowsWithTheText() throws {
    let (small, large) = (text(copies: 2), text(copies: 16))
    #expect(parse(small).diagnostics.isEmpty)
    let first = seconds { _ = try? formatted(small) }
    let second = seconds { _ = try? formatted(large) }
    #expect(second < first * 8 * 4, "8 times the text takes \(second / first) times as long")
    #if !DEBUG
      let speed = Double(large.utf8.count) / second / 1e6
      #expect(speed > 2, "\(speed) MB/s")
    #endif
  }

  /// One chain, sum, list and nest of a hundred thousand parts: nothing is quadratic in a single construct.
  @Test(arguments: ["x -> relu", "1 + x", "[1, f(2)]", "f(a: 1, x)"])
  func timeGrowsWithOneConstruct(kind: String) throws {
    func source(_ count: Int) -> SourceFile {
      let value: String
      switch kind {
      case "x -> relu": value = "x" + String(repeating: " -> relu -> conv(3x3, 64)", count: count)
      case "1 + x": value = "1" + String(repeating: " + x", count: count)
      case "[1, f(2)]": value = "[" + String(repeating: "1, f(2), ", count: count) + "3]"
      default: value = "f(" + String(repeating: "aaaaaaaaaaaaaaaaaaaa: x, ", count: count) + "b: 1)"
      }
      return SourceFile(name: "a.irlas", text: "cell A { in x return \(value) }")
    }
    let (small, large) = (source(2000), source(16_000))
    let first = seconds { _ = try? formatted(small) }
    let second = seconds { _ = try? formatted(large) }
    #expect(second < first * 8 * 4, "8 times the parts take \(second / first) times as long")
  }
}
