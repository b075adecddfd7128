import ArgumentParser
import IRLASSearch

/// `irlas evidence`, for `make evidence-mirror`.
struct EvidenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence",
    abstract: "Measures whether a mirror that has seen ResNeXt alone ranks designed blocks above others.",
    discussion: """
      Runs in the root of a checkout and prints tables in Markdown; docs/method.md explains them.

      Example:
        irlas evidence --seed 1
      """,
    shouldDisplay: false)

  @Option(help: "The key of everything that is drawn.")
  var seed: UInt64 = 1

  func run() throws {
    let expert = try EvidenceBlocks.expert.block()
    let designed = try EvidenceBlocks.designed.map { try $0.block() }
    let searched = try EvidenceBlocks.searched.map { try $0.block() }
    let evidence: MirrorEvidence
    do throws(MirrorLearning.Failure) {
      evidence = try MirrorEvidence(expert: expert, designed: designed, searched: searched, seed: seed)
    } catch {
      throw CommandFailure.input("\(error)")
    }
    for line in evidence.report { StandardOutput.line(line) }
  }
}
