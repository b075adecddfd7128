import ArgumentParser
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASStudy
import IRLASTraining

/// `irlas worker`: one candidate of a search, in a process of its own. Searches start it; people do not.
struct Worker: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluates one candidate of a search: a job on standard input, lines on standard output.",
    shouldDisplay: false)

  func run() throws {
    guard let line = ProcessLimits.readJob(), let job = WorkerJob(line: line) else {
      throw CommandFailure.usage("a worker reads its job from standard input, and this is none")
    }
    ProcessLimits.set(memory: job.memory, processorSeconds: job.processorSeconds)
    ProcessLimits.endWithParent()
    let say: (WorkerMessage) -> Void = { StandardOutput.line($0.line) }
    let network: Graph
    do throws(GraphTextError) {
      network = try Graph(parsing: job.graph)
    } catch {
      return say(.failed("its graph cannot be read: \(error)"))
    }
    guard let tier = KernelTier(rawValue: job.kernels) else {
      return say(.failed("no kernels `\(job.kernels)`"))
    }
    var toolchain = KernelOptions.toolchain()
    toolchain.parallelism = job.threads
    let worker = CandidateWorker(
      network: network, settings: EngineSettings(tier: tier, toolchain: toolchain, threads: job.threads),
      now: monotonicSeconds, say: say)
    switch job.task {
    case .measure(let measuring): worker.measure(measuring)
    case .train(let training):
      let program = IRLASDSL.Program.load(
        entry: SourceFile(name: "recipe", text: training.recipe), loader: { _ in .missing })
      guard let name = program.recipes.first, let recipe = program.recipe(named: name).recipe else {
        return say(.failed("its recipe cannot be read"))
      }
      worker.train(training, by: recipe)
    }
  }
}
