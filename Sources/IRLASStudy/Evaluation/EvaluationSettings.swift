package import IRLASGraph
import IRLASTraining

/// How candidates are evaluated on this machine. None of it changes which trials come up; limits can end a candidate.
package struct EvaluationSettings: Sendable {
  /// How many processes train at the same time.
  package var workers: Int
  /// The threads of each.
  package var threads: Int
  /// Seconds for one rung of one candidate.
  package var timeLimit: Double
  /// Bytes for each process.
  package var memoryLimit: Int
  /// The name of a kernel tier.
  package var kernels: String
  /// How workers are started.
  package var program: WorkerProgram
  /// The processor, as it is recorded.
  package var host: String

  package init(
    workers: Int, threads: Int, timeLimit: Double, memoryLimit: Int, kernels: String, program: WorkerProgram,
    host: String
  ) {
    self.workers = workers
    self.threads = threads
    self.timeLimit = timeLimit
    self.memoryLimit = memoryLimit
    self.kernels = kernels
    self.program = program
    self.host = host
  }
}

/// The recipe and the images that all candidates are trained by.
package struct TrainingTask: Sendable {
  package let recipe: Recipe
  /// The recipe as program text, for workers.
  package let text: String
  /// The folder of the images.
  package let folder: String
  /// Names recipe and images: results with the same key can stand for one another.
  package let key: String

  /// Reads the images once, so that what is wrong with them is said before the first candidate.
  ///
  /// - Throws: what is wrong with the data, or that the recipe holds out no validation images.
  package init(recipe: Recipe, folder: String) throws(StudyError) {
    guard recipe.data.validation > 0 else {
      throw .input(
        "the recipe \(recipe.name) holds out no validation images, and a search must not look at test images\n"
          + "help: write `data: \(recipe.data.format.rawValue)(validation: 500)`, with a tenth or more of the "
          + "training images")
    }
    let data: PreparedData
    do throws(TrainingError) {
      data = try PreparedData(recipe: recipe, folder: folder, seed: recipe.seed)
    } catch {
      throw StudyError(error)
    }
    var plain = recipe
    plain.name = "_"
    plain.data.folder = nil
    var hash = StableHash()
    hash.combine(plain.description)
    hash.combine(data.fingerprint)
    self.recipe = recipe
    plain.name = recipe.name
    text = "irlas 1\n" + plain.description
    self.folder = folder
    key = GraphHash(hash.value).description
  }
}
