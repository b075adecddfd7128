import IRLASTestSupport
import Testing

@testable import IRLASDSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct FormatFuzzTests {
  /// Damaged programs: nothing stops the formatter, and what still parses obeys its laws.
  ///
  /// `IRLAS_FUZZ_COUNT` sets how many (5,000 unless given), `IRLAS_FUZZ_SEED` the seed.
  @Test func damagedProgramsObeyTheLaws() {
    let count = environment("IRLAS_FUZZ_COUNT") ?? 5000
    let seed = environment("IRLAS_FUZZ_SEED") ?? 14_142
    print("formatter fuzz: \(count) mutations of seed \(seed)")
    let mutator = ProgramMutator(samplePrograms.map(\.text), seed: UInt64(seed))
    var formattedCount = 0
    for index in 0..<count where checkFormat(mutator.mutation(index)) != nil { formattedCount += 1 }
    #expect(formattedCount > count / 100)
  }

  private func environment(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
}
