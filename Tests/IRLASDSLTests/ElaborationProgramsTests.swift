import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// The programs that the language has to write naturally elaborate, with the counts that are known of them.
@Suite struct ElaborationProgramsTests {
  private func text(_ name: String) throws -> String {
    try #require(networkPrograms.first { $0.name == name }).text
  }

  @Test func efficientNet() throws {
    let rows = try text("SE-ResNet block, EfficientNet row for row")
    let byRow = try graph(rows)
    #expect(byRow.parameterCount == 5_288_548)
    // The table is the same network, written with lists.
    let cells = rows.split(separator: "network")[0].replacing("irlas 1", with: "").replacing(
      "use std", with: "")
    let table = try text("EfficientNet as a table").replacing("irlas 1", with: "irlas 1\nuse std") + cells
    let byTable = try graph(table)
    #expect(byTable.programHash == byRow.programHash)
  }

  /// The design's ViT is timm's `vit_tiny_patch16_224`, and its ConvNeXt block scales what it adds.
  @Test func transformer() throws {
    let cells = try text("ConvNeXt block and ViT")
    #expect(try graph(cells).parameterCount == 5_717_416)
    let block = cells.split(separator: "cell Encoder")[0]
    let net = "network Net { in image: [96, 56, 56] return image -> ConvNeXt }"
    // dwconv 96 * 49 + 96, layer norm 192, two 1x1 convolutions of 4 * 96 with bias, the scale.
    #expect(try graph(block + net).parameterCount == 4800 + 192 + 2 * 96 * 384 + 384 + 96 + 96)
  }

  @Test func siamese() throws {
    let result = try graph(try text("Siamese"))
    #expect(result.nodes.contains { $0.op == .activation(.negate) })
    // One set of weights for both branches, and the last layer.
    #expect(result.parameterCount == 9 * 64 + 128 + 9 * 64 * 128 + 256 + 128 * 128 + 128 + 128 + 1)
  }

  @Test func inception() throws {
    let stages = """
      network Net {
        in image: [3, 299, 299]
        return image -> Stem -> A(32) -> A(64) -> A(64)
      }
      """
    let result = try graph(try text("Inception-v3: stem, A, B") + stages)
    // 35 x 35 x 288 before the first reduction, as in table 1 of the paper.
    #expect(result[result.outputs[0].value].shape == .image(288, 35, 35))
  }

  @Test func shuffleNet() throws {
    let stage = """
      network Net {
        in image: [24, 56, 56]
        return image -> Unit(116, stride: 2) -> repeat 3 Unit(116)
      }
      """
    let result = try graph(try text("ShuffleNetV2 unit") + stage)
    #expect(result[result.outputs[0].value].shape == .image(116, 28, 28))
  }

  @Test func nasNet() throws {
    let result = try graph(
      try text("NASNet-A, ImageNet stem").replacing("irlas 1", with: "irlas 1\nuse std"))
    // This program's own count: the published network, 5,289,978, has another first stem cell.
    #expect(result.parameterCount == 5_287_076)
  }

  @Test func branchesExchange() throws {
    let network = """
      cell Basic(c) { in x  return x + (x -> conv(3x3, c) -> bn -> relu -> conv(3x3, c) -> bn) -> relu }
      network Net {
        in image: [3, 64, 64]
        a = image -> conv(3x3, 16, stride: 2) -> bn -> relu
        xs = (a, a -> down(32, relu)) -> Module -> Widen -> repeat 2 Module(blocks: 2)
        return xs.at(0), xs.at(1), xs.at(2)
      }
      """
    let result = try graph(try text("HRNet: any number of branches exchange") + network)
    #expect(
      result.outputs.map { result[$0.value].shape } == [
        .image(16, 32, 32), .image(32, 16, 16), .image(64, 8, 8),
      ])
    #expect(result.outputs.map(\.name) == ["output1", "output2", "output3"])
  }

  @Test func uNet() throws {
    let result = try graph(try text("U-Net"))
    #expect(result[result.outputs[0].value].shape == .image(21, 256, 256))
  }

  @Test func regNetX() throws {
    // RegNetX-200MF has 2,684,792 parameters and about 200 million multiply-accumulates.
    let result = try graph(try text("RegNetX").replacing("irlas 1", with: "irlas 1\nuse std"))
    #expect(result.parameterCount == 2_684_792)
    #expect(result.macs == 199_039_872)
  }

  @Test func res2Net() throws {
    let network = "network Net { in x: [64, 8, 8] return x -> Res2(256, 26) }"
    let result = try graph(
      try text("Res2Net for any scale").replacing("irlas 1", with: "irlas 1\nuse std") + network)
    #expect(result[result.outputs[0].value].shape == .image(256, 8, 8))
  }

  /// Spaces elaborate; what the excerpts leave out is named, nothing else.
  @Test(arguments: spacePrograms) func spaces(_ sample: SampleProgram) {
    let program = program(sample.text)
    for diagnostic in program.diagnostics {
      #expect([.unknownName, .unknownLayer].contains(diagnostic.code), "\(diagnostic.message)")
    }
  }
}
