"""What Streamlit runs at each visit, in the folder that `finetab dashboard` was given.

It puts this script's folder first on the path, so no other file stands here.
"""

from pathlib import Path

from finetab_training.dashboard.pages.whole import draw

draw(Path.cwd())
