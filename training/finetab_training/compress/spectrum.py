"""One linear layer's singular values and factors, plain or seen through the inputs that it gets.

Plain SVD keeps the weights near, W ~ U S V'. What counts are the outputs. With C = X'X of calibration inputs X and its
Cholesky factor C = L L', the error of the outputs is |(W - W') X'| = |(W - W') L|, so the SVD of W L gives the factors
with the least error for each rank, and the error that a dropped singular value makes is exactly its square (whitening,
Wang et al. 2024, SVD-LLM, arXiv 2403.07378). All in float64: randomised or single-precision decompositions are far off.
"""

from dataclasses import dataclass

import torch

_TINY = 1e-30
_DAMPING = 1e-6  # of the mean diagonal of C: directions that no input has must not divide by zero


@dataclass(frozen=True, slots=True)
class Spectrum:
    """W L = left * values * right, with W ~ left values right L^-1; float64."""

    left: torch.Tensor
    """(out, K)."""
    values: torch.Tensor
    """(K,)."""
    right: torch.Tensor
    """(K, in), brought back through L."""

    def errors(self) -> torch.Tensor:
        """The squared error at each rank from 0 to K: of the outputs over all calibration inputs, or of the weights."""
        squares_K = self.values.square()
        return torch.cat([squares_K.flip(0).cumsum(0).flip(0), squares_K.new_zeros(1)])

    def factors(self, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Down (rank, in) and up (out, rank), as float32; a row and its column are of one length.

        Brought back through L, rows are hundreds of times shorter than columns; a step of training that the columns
        would hardly feel would then undo the rows.
        """
        right_RI = self.right[:rank]
        lengths_R = right_RI.norm(dim=1).clamp_min(_TINY)
        root_R = (self.values[:rank] * lengths_R).sqrt()
        return ((root_R / lengths_R)[:, None] * right_RI).float(), (self.left[:, :rank] * root_R).float()


def spectrum(weight_OI: torch.Tensor, gram_II: torch.Tensor | None = None) -> Spectrum:
    """The spectrum of a weight (out, in); with the Gram matrix (in, in) of its inputs, that of its outputs."""
    weight_OI = weight_OI.double()
    if gram_II is None:
        left_OK, values_K, right_KI = torch.linalg.svd(weight_OI, full_matrices=False)
        return Spectrum(left_OK, values_K, right_KI)
    gram_II = gram_II.double()
    damped_II = gram_II + _DAMPING * gram_II.diagonal().mean() * torch.eye(len(gram_II), dtype=torch.float64)
    lower_II = torch.linalg.cholesky(damped_II)
    left_OK, values_K, right_KI = torch.linalg.svd(weight_OI @ lower_II, full_matrices=False)
    # right L^-1, without the inverse
    back_KI = torch.linalg.solve_triangular(lower_II, right_KI, upper=False, left=False)
    return Spectrum(left_OK, values_K, back_KI)
