import Foundation
import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// The samples that ship with the project.
enum Samples {
  /// The folder of the samples.
  static var folder: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("samples")
  }

  /// Loads a sample with the files that it uses.
  static func load(_ path: String) throws -> Program {
    let file = folder.appendingPathComponent(path)
    let entry = try SourceFile(name: file.lastPathComponent, utf8: [UInt8](Data(contentsOf: file)))
    return Program.load(entry: entry) { used in
      let other = file.deletingLastPathComponent().appendingPathComponent(used)
      guard let data = try? Data(contentsOf: other) else { return .missing }
      return .bytes([UInt8](data))
    }
  }

  /// The programs in a folder, by name.
  static func programs(in name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(name).path)
      .filter { $0.hasSuffix(".irlas") }.sorted().map { "\(name)/\($0)" }
  }
}

/// The published networks have the published counts, and counts that a second counter agrees with.
@Suite struct ElaborationSamplesTests {
  /// File, network, parameters and MACs.
  static let published: [(String, String, Int, Int)] = [
    ("published/resnext29", "ResNeXt29", 34_426_698, 5_387_266_048),
    ("published/resnet20", "ResNet20", 269_722, 40_551_040),
    ("published/resnet50", "ResNet50", 25_557_032, 4_089_184_256),
    ("published/mobilenet_v2", "MobileNetV2", 3_504_872, 300_774_272),
    ("published/darts_v2", "DARTS", 3_349_342, 528_359_040),
    ("published/densenet40", "DenseNet40", 1_019_722, 264_812_928),
    ("published/irlas_mobile", "IRLASMobile", 9_962_600, 1_418_807_296),
    ("published/vit_ti16", "ViTTi16", 5_717_416, 1_253_683_200),
    ("published/convnext_t", "ConvNeXtT", 28_589_128, 4_455_531_264),
    ("digits", "TinyResNeXt", 61_162, 1_690_880),
  ]

  @Test(arguments: published)
  func counts(file: String, network: String, params: Int, macs: Int) throws {
    let program = try Samples.load("\(file).irlas")
    let graph = try #require(program.elaborate(network: network).elaboration?.graph)
    #expect(graph.parameterCount == params)
    #expect(graph.macs == macs)
    #expect(graph.verify().isEmpty)
  }

  /// Every sample checks without a message, and every `check` line of it holds.
  @Test func samplesCheck() throws {
    for path in try Samples.programs(in: "published") + ["digits.irlas"] {
      let program = try Samples.load(path)
      let report = program.check()
      #expect(DiagnosticRenderer(sources: program.sources).render(report.diagnostics) == "")
      #expect(!report.checks.isEmpty)
      #expect(report.passedChecks == report.checks.count)
    }
  }

  /// 200 random settings of five networks against formulas that know nothing of graphs.
  @Test func randomSettings() throws {
    let programs = try ["resnext29", "resnet20", "resnet50", "mobilenet_v2", "densenet40"].map {
      try Samples.load("published/\($0).irlas")
    }
    let seed: UInt64 = 20_180_607
    var random = SplitMix64(seed: seed)
    for trial in 0..<200 {
      let program = programs[trial % programs.count]
      let classes = 1 + random.below(1000)
      var settings = [(name: "classes", value: "\(classes)")]
      let expected: ElaborationCounter
      switch trial % programs.count {
      case 0:
        let (cardinality, base) = (1 + random.below(32), 1 + random.below(16))
        settings += [("cardinality", "\(cardinality)"), ("base", "\(base)")]
        expected = .resNeXt29(cardinality: cardinality, base: base, classes: classes)
      case 1:
        let n = 1 + random.below(12)
        settings.append(("n", "\(n)"))
        expected = .resNet20(n: n, classes: classes)
      case 2:
        let blocks = (0..<4).map { _ in 1 + random.below(6) }
        settings.append(("blocks", "\(blocks)"))
        expected = .resNet50(blocks: blocks, classes: classes)
      case 3:
        expected = .mobileNetV2(classes: classes)
      default:
        let (n, k) = (random.below(16), 1 + random.below(40))
        settings += [("n", "\(n)"), ("k", "\(k)")]
        expected = .denseNet40(n: n, k: k, classes: classes)
      }
      let (elaboration, diagnostics) = program.elaborate(network: program.networks[0], arguments: settings)
      let graph = try #require(elaboration?.graph, "seed \(seed), trial \(trial): \(diagnostics)")
      let actual = ElaborationCounter(params: graph.parameterCount, macs: graph.macs)
      #expect(actual == expected, "seed \(seed), trial \(trial): \(settings)")
    }
  }

  /// What the files in `samples/invalid` say is wrong with them is what is reported, and nothing else.
  @Test func invalidSamples() throws {
    let paths = try Samples.programs(in: "invalid")
    #expect(paths.count > 20)
    for path in paths {
      let program = try Samples.load(path)
      let expected = (program.files[0].tree.root.fileDocumentation ?? "").split(separator: "\n")
        .filter { $0.hasPrefix("error[") || $0.hasPrefix("warning[") }.joined(separator: "\n")
      #expect(short(program.check().diagnostics, program.sources) == expected, "\(path)")
    }
  }
}
