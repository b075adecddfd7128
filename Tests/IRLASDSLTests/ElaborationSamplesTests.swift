import Foundation
import IRLASGraph
import Testing

@testable import IRLASDSL

/// The published networks have the published counts.
@Suite struct ElaborationSamplesTests {
  @Test(arguments: [
    ("resnext29", "ResNeXt29", 34_426_698, 5_387_266_048),
    ("resnet20", "ResNet20", 269_722, 40_551_040),
    ("resnet50", "ResNet50", 25_557_032, 4_089_184_256),
    ("mobilenet_v2", "MobileNetV2", 3_504_872, 300_774_272),
    ("darts_v2", "DARTS", 3_349_342, 528_359_040),
    ("densenet40", "DenseNet40", 1_019_722, 264_812_928),
    ("irlas_mobile", "IRLASMobile", 9_962_600, 1_418_807_296),
  ])
  func published(file: String, network: String, params: Int, macs: Int) throws {
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "samples/published/\(file).irlas")))
    let program = Program.load(entry: SourceFile(name: file, utf8: bytes)) { _ in .missing }
    let (elaboration, diagnostics) = program.elaborate(network: network)
    #expect(program.diagnostics.isEmpty)
    #expect(diagnostics.isEmpty)
    let graph = try #require(elaboration?.graph)
    #expect(graph.parameterCount == params)
    #expect(graph.macs == macs)
  }
}
