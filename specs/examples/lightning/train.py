"""Classifies the digits that scikit-learn brings along, with PyTorch Lightning. At a desk: python3 train.py --lr 0.01"""

import lightning
import nexus_swarm as nexus
import torch
from nexus_swarm.lightning import NexusCallback
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

p = nexus.params(lr=0.001, units=32, dropout=0.0, epochs=10)
lightning.seed_everything(nexus.seed % 2**32)


class Digits(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, p.units), nn.ReLU(), nn.Dropout(p.dropout), nn.Linear(p.units, 10))

    def training_step(self, batch, _):
        images, digits = batch
        return nn.functional.cross_entropy(self.net(images), digits)

    def validation_step(self, batch, _):
        images, digits = batch
        answers = self.net(images)
        self.log("val_loss", nn.functional.cross_entropy(answers, digits))
        self.log("val_accuracy", (answers.argmax(1) == digits).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=p.lr)


images, digits = load_digits(return_X_y=True)
data = TensorDataset(torch.tensor(images / 16, dtype=torch.float32), torch.tensor(digits))
train, test = random_split(data, [1300, len(data) - 1300], torch.Generator().manual_seed(0))
callback = NexusCallback()
trainer = lightning.Trainer(
    max_epochs=p.epochs,
    callbacks=[callback],
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,  # the callback saves
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(Digits(), DataLoader(train, 64, shuffle=True), DataLoader(test, 500), ckpt_path=callback.resume_path)
