import IRLASTestSupport
import Testing

@testable import IRLASDSL

@Suite struct FormatFuzzTests {
  /// Damaged programs: nothing stops the formatter, and what still parses obeys its laws.
  @Test func damagedProgramsObeyTheLaws() {
    let count = Fuzzing.count(20_000)
    let seed = Fuzzing.seed(14_142)
    print("formatter fuzz: \(count) mutations of seed \(seed)")
    let mutator = ProgramMutator(samplePrograms.map(\.text), seed: seed)
    var formattedCount = 0
    for index in 0..<count where checkFormat(mutator.mutation(index)) != nil { formattedCount += 1 }
    #expect(formattedCount > count / 100)
  }
}
