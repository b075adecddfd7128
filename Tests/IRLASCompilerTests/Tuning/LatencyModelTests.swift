import Testing

@testable import IRLASCompiler

@Suite struct LatencyModelTests {
  private func entry(
    _ symbol: String, family: String = "conv_forward.dense", macs: Double, floats: Double, threads: Int = 1,
    _ seconds: Double
  ) -> KernelTimings.Entry {
    KernelTimings.Entry(
      KernelLoad(family: family, symbol: symbol, macs: macs, floats: floats), threads: threads,
      seconds: seconds)
  }

  @Test func timingsAreReadAsTheyWereWritten() throws {
    var timings = KernelTimings()
    #expect(
      timings.record([
        entry("b", macs: 1e9 / 3, floats: 12345, 0.1 + 0.2), entry("a", macs: 0, floats: 0, 1e-7),
        entry("b", macs: 1e9 / 3, floats: 12345, threads: 2, 0.2),
      ]) == 3)
    #expect(try KernelTimings(parsing: timings.text) == timings)
    // Measured again: the shorter time stays.
    #expect(timings.record([entry("a", macs: 0, floats: 0, 2e-7), entry("c", macs: 1, floats: 1, 1)]) == 1)
    let load = KernelLoad(family: "conv_forward.dense", symbol: "a", macs: 0, floats: 0)
    #expect(timings.seconds(of: load, threads: 1) == 1e-7)
    #expect(timings.seconds(of: load, threads: 2) == nil)
  }

  @Test(arguments: [
    ("", "does not begin"), ("irlas timings 2\n", "does not begin"),
    ("irlas timings 1\n1 f s 1 1\n", "line 2"),
    ("irlas timings 1\n\n1 f s 1 1 0\n", "line 3"), ("irlas timings 1\n1 f s 1 nan 1\n", "line 2"),
    ("irlas timings 1\n0 f s 1 1 1\n", "line 2"),
  ]) func damagedTimingsAreRefused(text: String, message: String) {
    #expect {
      try KernelTimings(parsing: text)
    } throws: {
      "\($0)".contains(message)
    }
  }

  /// A family that follows the law is continued by it, beyond what was measured too.
  @Test func aLawIsFound() throws {
    func law(_ macs: Double, _ floats: Double) -> Double { 2e-6 + macs / 50e9 + floats / 4e9 }
    var timings = KernelTimings()
    for (index, size) in [1.0, 3, 9, 20, 55, 130, 400].enumerated() {
      let (macs, floats) = (size * 1e5, (index % 3 == 0 ? 5 : 1) * size.squareRoot() * 3e4)
      timings.record([entry("k\(index)", macs: macs, floats: floats, law(macs, floats))])
    }
    let model = try #require(LatencyModel(timings, threads: 1))
    for (macs, floats) in [(5e4, 1e4), (3e6, 2e5), (2e9, 1e6)] {
      let other = KernelLoad(family: "conv_forward.dense", symbol: "new", macs: macs, floats: floats)
      let expected = model.seconds(of: other)
      #expect(!expected.isMeasured)
      #expect(abs(expected.seconds / law(macs, floats) - 1) < 1e-6)
    }
    // What was measured is told as it was, law or not.
    timings.record([entry("odd", macs: 1e5, floats: 1e5, 1)])
    let again = try #require(LatencyModel(timings, threads: 1))
    let odd = KernelLoad(family: "conv_forward.dense", symbol: "odd", macs: 1e5, floats: 1e5)
    #expect(again.seconds(of: odd) == (1, true))
    #expect(LatencyModel(timings, threads: 2) == nil)
  }

  /// A family with one measurement, and one without any, still give a positive time.
  @Test func littleKnowledgeIsUsed() throws {
    var timings = KernelTimings()
    timings.record([entry("a", family: "add", macs: 0, floats: 1e6, 1e-3)])
    let model = try #require(LatencyModel(timings, threads: 1))
    for family in ["add", "copy"] {
      let load = KernelLoad(family: family, symbol: "x", macs: 0, floats: 2e6)
      let seconds = model.seconds(of: load).seconds
      #expect(seconds > 0 && seconds < 1e-2)
    }
  }
}
