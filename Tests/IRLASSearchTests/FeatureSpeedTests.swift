import Foundation
import IRLASGraph
import Testing

@testable import IRLASSearch

/// Blocks a second, for `make bench-features`: the figure in docs/performance.md. Elsewhere only that it runs.
@Suite struct FeatureSpeedTests {
  @Test func blocksASecond() throws {
    let isMeasured = ProcessInfo.processInfo.environment["IRLAS_BENCHMARKS"] != nil
    let count = isMeasured ? 4000 : 40
    let graphs = try BlockPrograms.drawn("nsc.irlas", "Net", count: 40)
      .compactMap { graph in
        try NetworkStructureCode(TopologyView(graph)).graph(
          name: "Block", input: .image(32, 16, 16), channels: 32, style: .plain, isFitting: true)
      }
    let nodes = graphs.reduce(0) { $0 + $1.nodes.count }
    var rates: [Double] = []
    for _ in 0..<(isMeasured ? 7 : 1) {
      let start = clock()
      var sum = 0.0
      for index in 0..<count {
        sum += TopologyFeatures(TopologyView(graphs[index % graphs.count])).values[0]
      }
      #expect(sum > 0)
      rates.append(Double(count) * Double(CLOCKS_PER_SEC) / Double(max(1, clock() - start)))
    }
    rates.sort()
    guard isMeasured else { return }
    print(
      "\(Int(rates[rates.count / 2])) blocks a second of processor time (\(Int(rates[0])) to \(Int(rates[rates.count - 1]))),",
      "\(nodes / graphs.count) nodes each")
    #expect(rates[rates.count / 2] > 20_000)
  }
}
