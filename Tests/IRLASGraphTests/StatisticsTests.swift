import IRLASTestSupport
import Testing

@testable import IRLASGraph

@Suite struct StatisticsTests {
  @Test func totalsAgreeWithTheGraph() {
    for seed in 0..<60 as Range<UInt64> {
      let graph = RandomGraph.make(seed: seed, size: 40)
      let statistics = graph.statistics
      #expect(statistics.macs == graph.macs, "seed \(seed)")
      #expect(statistics.nodes == graph.computeNodeCount, "seed \(seed)")
      #expect(statistics.scopes.first?.nodes == statistics.nodes, "seed \(seed)")
      #expect(statistics.layers.reduce(0) { $0 + $1.parameters } == statistics.parameters, "seed \(seed)")
      // Parameters that only an update reads belong to no layer.
      #expect(statistics.parameters <= graph.parameterCount, "seed \(seed)")
      #expect(
        statistics.layers.map(\.path) == statistics.layers.map { graph.path(of: $0.node) }, "seed \(seed)")
    }
  }

  @Test func sharedLayersCountOnce() throws {
    var builder = GraphBuilder(name: "N")
    let x = try builder.add(.input(index: 0), declared: .image(4, 5, 5))
    builder.openScope(.cell, name: "Cell", label: "Cell()")
    let (a, parameters) = try builder.conv(
      x, out: 4, Convolution(window: Window(kernelSize: .one)), bias: true)
    let (b, _) = try builder.conv(
      a, out: 4, Convolution(window: Window(kernelSize: .one)), sharing: parameters)
    builder.closeScope()
    let graph = builder.finish(outputs: [Graph.Output(name: "y", value: b)])
    let statistics = graph.statistics
    #expect(statistics.layers.map(\.parameters) == [20, 0])
    #expect(statistics.layers.map(\.macs) == [400, 400])
    #expect(statistics.layers.map(\.summary) == ["conv 1x1 4", "conv 1x1 4"])
    #expect(statistics.layers.map(\.path) == ["Cell.conv", "Cell.conv2"])
    #expect(statistics.scopes[1].macs == 800)
    #expect(statistics.parameters == 20)
  }
}
