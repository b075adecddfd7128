import Foundation
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// Damaged programs never crash the front end, never hang it, and are never accepted without a graph.
@Suite struct ElaborationFuzzTests {
  @Test func mutations() throws {
    let count = Fuzzing.count(20_000)
    let seed = Fuzzing.seed(42)
    var texts = networkPrograms.map(\.text) + spacePrograms.map(\.text)
    for path in try Samples.programs(in: "published") + Samples.programs(in: "invalid") + ["digits.irlas"] {
      texts.append(try String(contentsOf: Samples.folder.appendingPathComponent(path), encoding: .utf8))
    }
    let mutator = ProgramMutator(texts, seed: seed)
    var limits = ElaborationLimits()
    limits.nodes = 3000
    limits.steps = 100_000
    let clock = ContinuousClock()
    for index in 0..<count {
      let bytes = mutator.mutation(index)
      let start = clock.now
      var program = Program.load(entry: SourceFile(name: "fuzz.irlas", utf8: bytes)) { _ in .missing }
      program.limits = limits
      let report = program.check()
      if !report.diagnostics.contains(where: { $0.severity == .error }) {
        for network in program.networks
        where program.parameters(of: network)?.allSatisfy({ $0.defaultValue != nil }) == true {
          #expect(program.elaborate(network: network).elaboration != nil, "seed \(seed), mutation \(index)")
        }
      }
      for diagnostic in report.diagnostics {
        for label in diagnostic.labels {
          let file = program.sources[label.span.file]
          #expect(Int(label.span.upper) <= file?.utf8.count ?? -1, "seed \(seed), mutation \(index)")
        }
      }
      #expect(clock.now - start < .seconds(10), "seed \(seed), mutation \(index)")
    }
  }
}
