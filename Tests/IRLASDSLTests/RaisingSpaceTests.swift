import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// What is drawn from a space is an ordinary program again.
@Suite struct RaisingSpaceTests {
  static let blocks = """
    irlas 1
    use std
    space Block(c) {
      in x
      grow h[2..5] = choose(
        conv:     pick(x, h) -> relu -> conv(choose(1x1, 3x3, 5x5), c) -> bn,
        max_pool: pick(x, h) -> max_pool(choose(1x1, 3x3)),
        identity: pick(x, h),
        add:      pick(x, h) + (pick(x, h) -> fit),
        concat:   (pick(x, h), pick(x, h)) -> concat,
      )
      return h.leaves -> concat
    }
    space Net(classes = 10) {
      in image: [3, 16, 16]
      n     = choose(1, 2, 3)
      block = sample Block
      return image
        -> conv(3x3, 8) -> bn -> relu
        -> repeat n block(8)  -> max_pool(2x2, stride: 2)
        -> repeat n block(16) -> max_pool(2x2, stride: 2)
        -> repeat n Block(16)
        -> global_avg_pool -> linear(classes)
    }
    """

  /// Draws programs from a space until `count` could be formed, and raises each.
  static func raiseSamples(of space: OpenProgram, count: Int) throws -> [String] {
    var random = RandomSource(seed: 7)
    var texts: [String] = []
    for draw in 0..<count * 40 where texts.count < count {
      let run = space.run { point, _ in random.pick(0...(point.count - 1)) }
      guard let graph = run.elaboration?.graph else { continue }
      texts.append(try RaisingTests.raised(graph, "\(space.name), seed 7, draw \(draw)"))
    }
    #expect(texts.count == count, "\(space.name)")
    return texts
  }

  @Test func sampledBlocksComeBack() throws {
    let program = Program.load(entry: SourceFile(name: "a", text: Self.blocks), loader: { _ in .missing })
    let space = try #require(program.space(named: "Net").space)
    let texts = try Self.raiseSamples(of: space, count: 40)
    #expect(texts.contains { $0.contains("repeat 3 Block") })
    #expect(texts.contains { $0.contains("-> fit)") })
    #expect(Set(texts).count > 30)
  }

  @Test func sampledCellsOfABenchmarkComeBack() throws {
    let program = try Samples.load("spaces/nb101.irlas")
    let space = try #require(program.space(named: "NB101").space)
    let texts = try Self.raiseSamples(of: space, count: 10)
    #expect(texts.allSatisfy { $0.contains("repeat 3 Cell(120)") || $0.contains("repeat 3 Cell") })
  }
}
