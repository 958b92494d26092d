"""The stage: three frames that tell the story, the line-up, and how sure it is."""
