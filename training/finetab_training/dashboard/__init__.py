"""`finetab dashboard`: what runs, tunes and comparisons left on the disk, as pages in a browser on this machine."""
