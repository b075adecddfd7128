import IRLASJSON
import Glibc
import IRLASGraph
import IRLASTraining
import Testing

@Suite struct MetricsLogTests {
  private func lines(_ path: String) -> String {
    String(decoding: (try? FileBytes.read(path)) ?? [], as: UTF8.self)
  }

  @Test func appendsLines() throws {
    let folder = TemporaryFolder()
    let path = folder.file("metrics.jsonl")
    do {
      var log = try MetricsLog(path: path)
      try log.append([.init("epoch", .integer(1)), .init("loss", .number(0.5))])
      #expect(lines(path) == "{\"epoch\":1,\"loss\":0.5}\n")
    }
    var log = try MetricsLog(path: path)
    #expect(log.length == 23)
    try log.append([.init("loss", .number(.nan))])
    #expect(lines(path) == "{\"epoch\":1,\"loss\":0.5}\n{\"loss\":null}\n")
    #expect(log.length == lines(path).utf8.count)
  }

  @Test func dropsAnIncompleteLine() throws {
    let folder = TemporaryFolder()
    let path = folder.write(Array("{\"a\":1}\n{\"a\"".utf8), "m")
    let log = try MetricsLog(path: path)
    #expect(log.length == 8)
    #expect(lines(path) == "{\"a\":1}\n")
  }

  @Test func cutsBackToACheckpoint() throws {
    let folder = TemporaryFolder()
    let path = folder.write(Array("{\"a\":1}\n{\"a\":2}\n".utf8), "m")
    do {
      var log = try MetricsLog(path: path, keeping: 8)
      try log.append([.init("b", .integer(3))])
    }
    #expect(lines(path) == "{\"a\":1}\n{\"b\":3}\n")
    #expect(
      message(in: folder) { () throws(FileError) in _ = try MetricsLog(path: path, keeping: 99) } == """
        DIR/m: has 16 bytes, but the checkpoint was made when it had 99
        help: the log belongs to another run; resume in the folder of this one
        """)
  }

  @Test func aFullDiskIsExplained() throws {
    let folder = TemporaryFolder()
    #expect(
      message(in: folder) { () throws(FileError) in
        var log = try MetricsLog(path: "/dev/full")
        try log.append([.init("a", .integer(1))])
      } == """
        /dev/full: cannot write this log: No space left on device
        help: free some space on this disk, or write elsewhere
        """)
  }
}

@Suite struct ProgressReportTests {
  @Test func drawsABar() {
    var report = ProgressReport(.bar(columns: 70), title: "epoch 1/2", total: 200, unit: "images", start: 10)
    #expect(report.update(done: 0, now: 10) == "\repoch 1/2   0% [------------------------------] ")
    #expect(
      report.update(done: 50, now: 15, note: "loss 1.25")
        == "\repoch 1/2  25% [####---------------] 10 images/s  15s left  loss 1.25")
    // Too soon after the last drawing.
    #expect(report.update(done: 51, now: 15.05) == nil)
    // A shorter line wipes out the rest of a longer one.
    #expect(
      report.update(done: 200, now: 20, note: "")
        == "\repoch 1/2 100% [##############################] 20 images/s" + String(repeating: " ", count: 10)
    )
    #expect(
      report.finish(done: 200, now: 20) == "\repoch 1/2  200 images  20 images/s  in 10s"
        + String(repeating: " ", count: 17) + "\n")
  }

  @Test(arguments: 0..<120)
  func barsFitTheirTerminal(columns: Int) throws {
    var report = ProgressReport(
      .bar(columns: columns), title: "epoch 10/300", total: 50_000, unit: "images", start: 0)
    let drawn = report.update(done: 12_345, now: 100, note: "loss 0.123")
    let text = try #require(drawn)
    #expect(text.dropFirst().count <= max(0, columns - 1))
  }

  @Test func printsLinesNowAndThen() {
    var report = ProgressReport(
      .lines(every: 5), title: "epoch 1/2", total: 100, unit: "images", initial: 20, start: 0)
    #expect(report.update(done: 20, now: 1) == nil)
    #expect(
      report.update(done: 40, now: 5, note: "loss 2")
        == "epoch 1/2  40/100 images  4.0 images/s  15s left  loss 2\n")
    #expect(report.update(done: 60, now: 9) == nil)
    #expect(report.finish(done: 100, now: 20) == "epoch 1/2  100 images  4.0 images/s  in 20s\n")
  }

  @Test func quietSaysNothing() {
    var report = ProgressReport(.quiet, title: "t", total: 1, unit: "images", start: 0)
    #expect(report.update(done: 1, now: 100) == nil)
    #expect(report.finish(done: 1, now: 100) == nil)
  }

  @Test func emptyWorkAndOddClocksAreFine() {
    var report = ProgressReport(.bar(columns: 40), title: "t", total: 0, unit: "images", start: 5)
    #expect(report.update(done: 0, now: 5) == "\rt 100% [#############################] ")
    #expect(
      report.finish(done: 0, now: 1) == "\rt  0 images  in 0.0s" + String(repeating: " ", count: 19) + "\n")
  }

  @Test(arguments: [
    (0, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (59.4, "59s"), (59.6, "1m00s"), (125, "2m05s"),
    (3599.6, "1h00m"),
    (12_000, "3h20m"), (.infinity, "long"), (-1, "0.0s"),
  ])
  func saysDurations(seconds: Double, text: String) {
    #expect(ProgressReport.duration(seconds) == text)
  }

  @Test(arguments: [
    (1.005, 2, "1.00"), (0.955, 2, "0.96"), (-0.04, 1, "0.0"), (-1.25, 1, "-1.3"), (12, 0, "12"),
    (0.999, 2, "1.00"),
    (.nan, 2, "nan"),
  ])
  func fixesDecimals(value: Double, places: Int, text: String) {
    #expect(fixed(value, places: places) == text)
  }
}
