import Foundation
import IRLASDSL
import IRLASGraph
import Testing

@testable import IRLASDocumentation

/// Pages about searches: whole, well-formed, the same every time.
@Suite struct StudyPageTests {
  /// A report of trials that cost more the better they are, some of them failed.
  func report(trials count: Int, objectives: Int = 2) throws -> StudyReport {
    let text = """
      irlas 1
      cell Block(c) {
        in x
        return x + (x -> relu -> conv(3x3, c) -> bn)
      }
      network Net(classes = 10) {
        in image: [1, 8, 8]
        return image -> conv(3x3, 8) -> bn -> relu -> repeat 2 Block(8) -> global_avg_pool -> linear(classes)
      }
      """
    let program = Program.load(
      entry: SourceFile(name: "net.irlas", text: text), loader: { _ in .missing })
    let graph = try #require(program.elaborate(network: "Net").elaboration?.graph)
    let trials = (0..<count).map { index in
      let isFailed = index % 5 == 4
      let accuracy = 0.5 + 0.4 * Double(index * 37 % 101) / 101
      return StudyReport.Trial(
        index: index / 2, run: index % 2, state: isFailed ? "failed: out of memory" : "completed",
        values: [isFailed ? nil : accuracy, isFailed ? nil : accuracy * accuracy * 4e-3].prefix(objectives)
          .map { $0 },
        likeness: accuracy / 2, parameters: 1000 + index, macs: 100_000 * index, hash: "h\(index)",
        isOnFront: index % 7 == 0 && !isFailed, curve: [0.2, 0.4, accuracy])
    }
    let objectives: [StudyReport.Objective] = [
      .init(name: "accuracy", unit: .share, isMaximised: true),
      .init(name: "latency", unit: .seconds, isMaximised: false),
    ]
    return StudyReport(
      title: "Search <Net>", facts: [("budget", "\(count) trials")], runs: ["seed 0", "seed 1"],
      objectives: Array(objectives.prefix(trials.first?.values.count ?? 2)), trials: trials,
      experts: [.init(title: "ResNeXt", graph: graph)],
      winners: [.init(title: "Trial 7", graph: graph, facts: [("accuracy", "90 %")], text: text)],
      speakers: [
        .init(feature: "cardinality", contribution: 0.8, note: "branches that are alike"),
        .init(feature: "residual adds", contribution: -0.3),
      ])
  }

  @Test func pageIsWholeAndWellFormed() throws {
    let report = try report(trials: 60)
    let page = try studyPage(of: report)
    let outline = try PageTests().outline(page)
    #expect(outline.links.allSatisfy { $0.hasPrefix("#") }, "a page loads nothing")
    #expect(Set(outline.ids).count == outline.ids.count, "ids are unique")
    // Two drawings, two charts of the course, learning curves, the bars.
    #expect(outline.elements["svg"] == 6)
    #expect(outline.text.contains("Search <Net>"))
    // A row for every trial, beside the heads and the facts.
    #expect(outline.elements["tr", default: 0] >= 60)
    #expect(try studyPage(of: report) == page)
  }

  @Test func aPageNeedsNoMeasuredTrial() throws {
    var report = try report(trials: 0)
    let empty = try PageTests().outline(try studyPage(of: report))
    #expect(empty.text.contains("No trial was measured"))
    report.trials = [
      .init(
        index: 0, run: 0, state: "diverged", values: [nil, nil], parameters: 1, macs: 1, hash: "h",
        curve: [.nan])
    ]
    #expect(try studyPage(of: report).contains("diverged"))
  }

  @Test func manyTrialsStayReadable() throws {
    let page = try studyPage(of: try report(trials: 100_000, objectives: 1))
    #expect(page.utf8.count < 4_000_000)
    #expect(page.contains("The best 200 of 100_000 trials"))
  }

  @Test(arguments: [
    (0.0, 1.0), (0.9, 0.91), (1e-7, 3e-7), (-5, 5), (3, 3), (0, 0), (1e12, 2e12), (-1e-300, 1e-300),
  ]) func scalesHoldTheirValuesBetweenRoundTicks(low: Double, high: Double) {
    let scale = AxisScale("x", .number, [low, high])
    #expect(scale.lower <= low && high <= scale.upper && scale.lower < scale.upper)
    let ticks = scale.ticks
    #expect((2...21).contains(ticks.count))
    #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0 < $1 })
    #expect(ticks.allSatisfy { (-1e-9...1 + 1e-9).contains(scale.place($0)) })
  }

  @Test(arguments: [
    (0.9134, AxisScale.Unit.share, "91.3 %"), (0.0019, .seconds, "1.9 ms"), (2.5e-5, .seconds, "25 µs"),
    (61_162, .number, "61.2K"), (3 * 0x1p20, .bytes, "3 MiB"), (0, .number, "0"), (.nan, .number, "–"),
  ]) func numbersAreWrittenWithTheirUnits(value: Double, unit: AxisScale.Unit, text: String) {
    #expect(AxisScale.text(value, unit) == text)
  }
}
