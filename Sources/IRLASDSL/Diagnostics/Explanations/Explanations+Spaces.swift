extension Explanation {
  static let choiceOutsideSpace = Explanation(
    """
    A `cell` and a `network` are one thing; what leaves something open is a `space`. So is a cell that uses one: a reader
    sees from the first word whether anything is left to decide.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(choose(3x3, 5x5), 8)
      }
      """,
    cure: """
      space Net {
        in image: [3, 32, 32]
        return image -> conv(choose(3x3, 5x5), 8)
      }
      """)

  static let noFeasibleOption = Explanation(
    """
    None of the options gives a sound network here, so the space is empty. The message says what is wrong with each.
    """,
    example: """
      space Net {
        in image: [3, 32, 32]
        stem = image -> conv(3x3, 20)
        return stem -> conv(3x3, 20, groups: choose(3, 7))
      }
      """,
    cure: """
      space Net {
        in image: [3, 32, 32]
        stem = image -> conv(3x3, 20)
        return stem -> conv(3x3, 20, groups: choose(2, 4))
      }
      """)

  static let invalidChoice = Explanation(
    """
    A choice needs something to choose from: `choose` at least one option, `pick` as many elements as it picks, a range an
    end that is not before its start. Odds are one number for each option, none negative, not all zero.
    """,
    example: """
      space Net {
        in image: [3, 32, 32]
        return image -> choose(relu, silu, odds: [3])
      }
      """,
    cure: """
      space Net {
        in image: [3, 32, 32]
        return image -> choose(relu, silu, odds: [3, 1])
      }
      """)

  static let infeasibleOption = Explanation(
    """
    Some of the options can never be formed, whatever else is decided. They are left out when programs are drawn, so the
    space is smaller than it looks.
    """,
    example: """
      space Net {
        in image: [3, 32, 32]
        stem = image -> conv(3x3, 20)
        return stem -> conv(3x3, 20, groups: choose(2, 3, 4, 7))
      }
      """,
    cure: """
      space Net {
        in image: [3, 32, 32]
        stem = image -> conv(3x3, 20)
        return stem -> conv(3x3, 20, groups: choose(2, 4))
      }
      """)

  static let notASpace = Explanation(
    """
    `sample X` decides everything that the space X leaves open, once, and shares that among all uses. What leaves nothing
    open is used without it.
    """,
    example: """
      space Net {
        in image: [3, 32, 32]
        act = sample relu
        return image -> conv(choose(3x3, 5x5), 8) -> act
      }
      """,
    cure: """
      space Net {
        in image: [3, 32, 32]
        return image -> conv(choose(3x3, 5x5), 8) -> relu
      }
      """)

  static let unmixableChoice = Explanation(
    """
    A differentiable search (`agent: differentiable`) trains one network in which every choice is a weighted sum of what
    its options compute. Layers and tensors whose results have equal shapes can be summed so; numbers, kernels and
    counts cannot. Choose between whole layers instead.
    """,
    example: """
      space Net {
        in image: [3, 32, 32]
        return image -> conv(choose(3x3, 5x5), 8) -> global_avg_pool -> linear(10)
      }
      recipe Quick { data: cifar10(validation: 100)  epochs: 1  optimizer: sgd(lr: 0.1) }
      search Two {
        over:   Net
        reward: accuracy(Quick)
        agent:  differentiable(epochs: 1, rate: 0.01)
      }
      """,
    cure: """
      space Net {
        in image: [3, 32, 32]
        return image -> choose(conv(3x3, 8), conv(5x5, 8)) -> global_avg_pool -> linear(10)
      }
      recipe Quick { data: cifar10(validation: 100)  epochs: 1  optimizer: sgd(lr: 0.1) }
      search Two {
        over:   Net
        reward: accuracy(Quick)
        agent:  differentiable(epochs: 1, rate: 0.01)
      }
      """)

  static let openDecisions = Explanation(
    """
    Only a network can be counted, compiled or trained. A space becomes one when its decisions are made: drawn with
    `irlas sample`, or given by `--set`.
    """,
    example: """
      space Net {
        in image: [3, 32, 32]
        n = choose(1, 2, 3)
        return image -> repeat n conv(choose(3x3, 5x5), 8)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3x3, 8) -> conv(5x5, 8)
      }
      """, network: "Net")

  static let measuredFigure = Explanation(
    """
    Parameters, MACs, depth and memory follow from the program and can be required anywhere. Latency is measured on a
    machine, so only a `search` may limit it.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        require latency(batch: 1) <= 5ms
        return image -> conv(3x3, 8)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        require macs <= 5M
        return image -> conv(3x3, 8)
      }
      """)

  static let unknownDecision = Explanation(
    """
    Decisions are named by where they are made: `Net.n`, `Net.block.h[3]`. `irlas space decisions` lists them with their
    options.
    """,
    example: """
      space Net {
        in image: [3, 32, 32]
        n = choose(1, 2, 3)
        return image -> repeat n conv(3x3, 8)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> repeat 3 conv(3x3, 8)
      }
      """, network: "Net", settings: [("Net.n", "4")])
}
