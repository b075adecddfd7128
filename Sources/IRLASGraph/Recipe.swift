/// How a network is trained: what a program's `recipe` says, as plain values. The front end makes it, the
/// trainer follows it.
package struct Recipe: Hashable, Sendable {
  package var name: String
  package var data: DataSource
  /// Applied to every training sample in this order.
  package var augmentation: [Augmentation]
  package var batch: Int
  package var epochs: Int
  package var loss: Loss
  package var optimizer: Optimizer
  /// One phase after the other; the last one lasts to the end.
  package var schedule: [SchedulePhase]
  package var seed: UInt64

  package init(
    name: String, data: DataSource, augmentation: [Augmentation] = [], batch: Int = 128, epochs: Int = 1,
    loss: Loss = .crossEntropy(smoothing: 0), optimizer: Optimizer, schedule: [SchedulePhase] = [.constant],
    seed: UInt64 = 0
  ) {
    self.name = name
    self.data = data
    self.augmentation = augmentation
    self.batch = batch
    self.epochs = epochs
    self.loss = loss
    self.optimizer = optimizer
    self.schedule = schedule
    self.seed = seed
  }

  /// A labelled image collection in a folder.
  package struct DataSource: Hashable, Sendable {
    package enum Format: String, Hashable, Sendable, CaseIterable {
      /// The four IDX files of MNIST and its relatives.
      case idx
      /// CIFAR-10's binary version.
      case cifar10
      /// CIFAR-100's binary version, fine labels.
      case cifar100
    }

    package var format: Format
    /// Relative to the program's file unless absolute; nil when the program leaves it to the command line.
    package var folder: String?
    /// How many training images are held out for validation.
    package var validation: Int

    package init(format: Format, folder: String? = nil, validation: Int = 0) {
      self.format = format
      self.folder = folder
      self.validation = validation
    }
  }

  /// One step between the stored image and the network's input.
  package enum Augmentation: Hashable, Sendable {
    /// Pads all four sides with zeros (black).
    case pad(Int)
    /// Cuts out a window: anywhere while training, the centre otherwise.
    case crop(Extent)
    /// Mirrors left and right with probability one half while training.
    case flip
    /// Moves by up to so many pixels along both axes while training, filling with zeros.
    case shift(Int)
    /// Zeroes a square of so many pixels at a random place while training (DeVries and Taylor, 2017).
    case cutout(Int)
    /// Subtracts the training set's mean and divides by its deviation, channel by channel.
    case normalize
  }

  /// What is minimised: a weighted sum over outputs of the network.
  package struct Loss: Hashable, Sendable {
    /// The cross entropy of one output.
    package struct Term: Hashable, Sendable {
      /// Positive.
      package var weight: Double
      /// The name of the output; nil for the only one that is not auxiliary.
      package var output: String?
      package var smoothing: Double

      package init(weight: Double = 1, output: String? = nil, smoothing: Double = 0) {
        self.weight = weight
        self.output = output
        self.smoothing = smoothing
      }
    }

    /// One or more.
    package var terms: [Term]

    package init(_ terms: [Term]) { self.terms = terms }

    /// The cross entropy of the network's only output.
    package static func crossEntropy(smoothing: Double) -> Loss { Loss([Term(smoothing: smoothing)]) }

    /// Whether a term is about the output called `name`.
    package func names(_ name: String) -> Bool { terms.contains { $0.output == name } }
  }

  package enum Optimizer: Hashable, Sendable {
    /// Stochastic gradient descent with PyTorch's conventions.
    case sgd(learningRate: Double, momentum: Double, nesterov: Bool, decay: Double)
  }

  /// A factor on the optimiser's learning rate as a function of the epoch (a real number: it moves in steps).
  package enum SchedulePhase: Hashable, Sendable {
    case constant
    /// Linear from 0 to 1 over so many epochs.
    case warmup(epochs: Int)
    /// Half a cosine from 1 to 0 over the epochs that remain.
    case cosine
    /// Multiplied by `factor` at the start of each of the given epochs (counted from 0).
    case step(epochs: [Int], factor: Double)
  }
}
