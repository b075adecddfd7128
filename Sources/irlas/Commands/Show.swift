import ArgumentParser
import IRLASDSL
import IRLASCompiler
import IRLASGraph

/// `irlas show FILE [NETWORK]`
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints a network's graph, as it is elaborated or after a pass of the compiler.",
    discussion: """
      Examples:
        irlas show samples/digits.irlas
        irlas show samples/digits.irlas --for training --dump-after differentiate

      Passes: \(passNames.joined(separator: ", ")).
      """)

  enum Purpose: String, CaseIterable, ExpressibleByArgument { case inference, training }

  @OptionGroup var source: ProgramOptions

  @Flag(help: "The graph as elaborated; the default.")
  var ir = false

  @Option(help: ArgumentHelp("The graph, or the plan, after this pass.", valueName: "pass"))
  var dumpAfter: String?

  @Option(name: .customLong("for"), help: "What the passes prepare: inference or training.")
  var purpose = Purpose.inference

  @Option(help: "The batch size of the plan.")
  var batch = 1

  @OptionGroup var limits: MemoryOptions

  func validate() throws {
    if let dumpAfter, !passNames.contains(dumpAfter) {
      throw ValidationError(
        "there is no pass `\(dumpAfter)`; passes are \(passNames.joined(separator: ", "))")
    }
    guard (1...1_000_000).contains(batch) else {
      throw ValidationError("--batch takes a number from 1 to 1000000, not \(batch)")
    }
    if ir, dumpAfter != nil { throw ValidationError("--ir and --dump-after exclude each other") }
  }

  func run() throws {
    let graph = try source.elaborate().elaboration.graph
    guard let dumpAfter else {
      StandardOutput.write(graph.text)
      return
    }
    var wasShown = false
    do throws(CompileError) {
      let options = CompileOptions(
        mode: purpose.mode, batch: batch, dumpAfter: dumpAfter, memoryLimit: limits.memory?.bytes)
      _ = try compile(graph, options) {
        StandardOutput.write($0)
        wasShown = true
      }
    } catch {
      throw CommandFailure.input("\(error)")
    }
    if !wasShown { throw CommandFailure.usage("the pass \(dumpAfter) does not run for \(purpose.rawValue)") }
  }
}
