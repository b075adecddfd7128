extension Explanation {
  static let shapesDisagree = Explanation(
    """
    A sum needs operands of one shape; `concat` needs them to agree but for the axis that it joins along. Nothing is
    broadcast and nothing is projected unless the program says so: `fit` beside the shortcut adds a 1x1 convolution where
    shapes differ.
    """,
    example: """
      use std

      network Net {
        in image: [64, 32, 32]
        y = image -> conv(1x1, 256) -> bn
        return y + image -> relu
      }
      """,
    cure: """
      use std

      network Net {
        in image: [64, 32, 32]
        y = image -> conv(1x1, 256) -> bn
        return y + (image -> fit) -> relu
      }
      """)

  static let shapeContract = Explanation(
    """
    A layer or cell asks for a shape that the tensor does not have: `linear` takes a vector, [n, 1, 1]; a cell with
    `in x: [c, s, s]` takes squares only.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3x3, 8) -> linear(10)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image -> conv(3x3, 8) -> global_avg_pool -> linear(10)
      }
      """)

  static let vanishingSize = Explanation(
    """
    Strides and unpadded windows have made the image smaller than the next window. The message lists the layers on the way
    that made it smaller, nearest first.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image
          -> conv(3x3, 8, stride: 2, padding: valid)
          -> repeat 2 conv(3x3, 8, stride: 2, padding: valid)
          -> max_pool(5x5, padding: valid)
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image
          -> conv(3x3, 8, stride: 2)
          -> repeat 2 conv(3x3, 8, stride: 2)
          -> max_pool(4x4, padding: valid)
      }
      """)

  static let expectedTensor = Explanation(
    """
    Chains carry tensors, and layers stand after arrows. A layer is applied to a tensor before it can be added to one; a
    number never takes part in a sum of tensors.
    """,
    example: """
      network Net {
        in image: [3, 32, 32]
        return image + relu
      }
      """,
    cure: """
      network Net {
        in image: [3, 32, 32]
        return image + (image -> relu)
      }
      """)

  static let misplacedPeer = Explanation(
    """
    `peer` is the shape of the other operands of a sum. It is known in an operand that stands directly under `+`, and in the
    defaults of a cell that is applied there, as `fit` is.
    """,
    example: """
      use std

      network Net {
        in image: [3, 32, 32]
        y = image -> fit
        return (image -> conv(3x3, 8)) + y
      }
      """,
    cure: """
      use std

      network Net {
        in image: [3, 32, 32]
        return (image -> conv(3x3, 8)) + (image -> fit)
      }
      """)

  static let unknownSize = Explanation(
    """
    A name in the shape of an input that is not a parameter stands for any size, and the same name for the same size. Used
    once it says nothing, and is often a parameter misspelt. `_` says that any size will do.
    """,
    example: """
      cell A(width) {
        in x: [widht, s, s]
        return x -> conv(3x3, width)
      }
      """,
    cure: """
      cell A(width) {
        in x: [width, s, s]
        return x -> conv(3x3, width)
      }
      """)

  static let arityMismatch = Explanation(
    """
    A chain carries a tuple, and a layer takes exactly as many tensors as it has inputs. A cell of two inputs that starts
    from one tensor is given it twice; several tensors for a layer of one are joined first, or each gets its own by `each`.
    """,
    example: """
      cell Join(c) {
        in a, b
        return b, (a, b) -> concat -> conv(1x1, c)
      }
      network Net {
        in image: [3, 32, 32]
        stem = image -> conv(3x3, 16)
        _, y = stem -> repeat 2 Join(16)
        return y
      }
      """,
    cure: """
      cell Join(c) {
        in a, b
        return b, (a, b) -> concat -> conv(1x1, c)
      }
      network Net {
        in image: [3, 32, 32]
        stem = image -> conv(3x3, 16)
        _, y = (stem, stem) -> repeat 2 Join(16)
        return y
      }
      """)
}
