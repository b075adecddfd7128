import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// A batch and parameters for a graph, drawn from a seed.
struct ReferenceExample {
  let interpreter: ReferenceInterpreter
  var inputs: ReferenceInputs

  init(_ graph: Graph, batch: Int, seed: UInt64) {
    interpreter = ReferenceInterpreter(graph, batch: batch)
    var numbers = RandomSource(seed: seed ^ 0x5EED)
    var images: [[Double]] = []
    var tensors: [NodeID: [Double]] = [:]
    var classes = 1
    for output in graph.outputs where graph[output.value].shape.isImage {
      classes = graph[output.value].shape.channels
    }
    for id in graph.ids {
      let count = interpreter.elementCount(of: id)
      switch graph[id].op {
      case .input: images.append(numbers.reals(count))
      case .parameter(let parameter):
        let centre: Double = parameter.role == .scale ? 1 : 0
        tensors[id] = numbers.reals(count).map { centre + 0.5 * $0 }
      case .state(let role):
        tensors[id] = numbers.reals(count).map { role.initialValue + 0.5 * $0 }
      default: break
      }
    }
    inputs = ReferenceInputs(
      images: images, labels: (0..<batch).map { Double($0 % classes) },
      hyperparameters: [.learningRate: 0.1], tensors: tensors, masks: .counter(seed: seed, step: 3))
  }

  func run(through last: NodeID? = nil) throws -> ReferenceValues {
    try interpreter.run(inputs, through: last)
  }
}

/// Compares every gradient of the training graph with central differences of its loss.
///
/// - Parameter elements: how many elements of each parameter are moved; the rest is left alone.
func checkGradients(
  of forward: Graph, batch: Int = 3, seed: UInt64, elements: Int,
  loss: Recipe.Loss = .crossEntropy(smoothing: 0.1),
  location: SourceLocation = #_sourceLocation
) throws {
  let training = try differentiate(
    forward, objective: TrainingObjective(loss: loss, update: .none))
  var example = ReferenceExample(training, batch: batch, seed: seed)
  let values = try example.run()
  let total = training.outputs[0].value
  let step = 1e-5
  for id in training.ids {
    guard case .parameter = training[id].op else { continue }
    let path = training.path(of: id)
    let gradient = try #require(values.output("\(path).grad", of: training), sourceLocation: location)
    let tensor = try #require(example.inputs.tensors[id])
    let stride = max(1, tensor.count / elements)
    for element in Swift.stride(from: 0, to: tensor.count, by: stride) {
      var losses: [Double] = []
      for move in [step, -step] {
        var moved = tensor
        moved[element] += move
        example.inputs.tensors[id] = moved
        losses.append(try example.run(through: total)[total][0])
      }
      example.inputs.tensors[id] = tensor
      let difference = (losses[0] - losses[1]) / (2 * step)
      let error = abs(difference - gradient[element])
      #expect(
        error <= 1e-6 * max(1, abs(difference)),
        "seed \(seed): \(path)[\(element)]: \(gradient[element]) is not \(difference)",
        sourceLocation: location)
    }
  }
}
