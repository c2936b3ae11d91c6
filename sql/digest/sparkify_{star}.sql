select
    {columns of sparkify.{star}}
from sparkify.{star};
