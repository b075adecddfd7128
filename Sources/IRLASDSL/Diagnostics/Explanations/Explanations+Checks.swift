extension Explanation {
  static let checkFailed = Explanation(
    """
    A `check` pins a figure of one use of a network, so that a change that should not change it is noticed. If the change
    is meant, write the new figure.
    """,
    example: """
      network Net(classes = 10) {
        in image: [3, 32, 32]
        return image -> global_avg_pool -> linear(classes)
      }
      check Net() { params == 30 }
      """,
    cure: """
      network Net(classes = 10) {
        in image: [3, 32, 32]
        return image -> global_avg_pool -> linear(classes)
      }
      check Net() { params == 40 }
      """)

  static let unknownField = Explanation(
    """
    Recipes and searches have a fixed set of fields. An unknown one is never ignored: it would look as if it did something.
    """,
    example: """
      recipe Short {
        data:      cifar10
        batch:     128
        epochs:    30
        optimiser: adam(lr: 0.001)
        optimizer: sgd(lr: 0.1)
      }
      """,
    cure: """
      recipe Short {
        data:      cifar10
        batch:     128
        epochs:    30
        optimizer: sgd(lr: 0.1)
      }
      """)

  static let duplicateField = Explanation(
    """
    A field is given once. A recipe that changes another one names it: `recipe Quick = Short { epochs: 3 }`.
    """,
    example: """
      recipe Short {
        data:      cifar10
        batch:     128
        epochs:    30
        epochs:    3
        optimizer: sgd(lr: 0.1)
      }
      """,
    cure: """
      recipe Short {
        data:      cifar10
        batch:     128
        epochs:    30
        optimizer: sgd(lr: 0.1)
      }
      recipe Quick = Short { epochs: 3 }
      """)

  static let missingField = Explanation(
    """
    Some fields have no default that would suit everybody. A recipe has to say them, or amend one that does.
    """,
    example: """
      recipe Short {
        data:      cifar10
        batch:     128
        epochs:    30
      }
      """,
    cure: """
      recipe Short {
        data:      cifar10
        batch:     128
        epochs:    30
        optimizer: sgd(lr: 0.1)
      }
      """)

  static let invalidField = Explanation(
    """
    The value of the field is of another kind than it takes, or out of its range.
    """,
    example: """
      recipe Short {
        data:      cifar10
        batch:     0
        epochs:    30
        optimizer: sgd(lr: 0.1)
      }
      """,
    cure: """
      recipe Short {
        data:      cifar10
        batch:     128
        epochs:    30
        optimizer: sgd(lr: 0.1)
      }
      """)
}
